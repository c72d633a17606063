#!/usr/bin/env bash
# Runs the whole story on this machine: a token service, a vault with a fresh data directory, both flows by curl.
# Ends by itself and leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 Logging__LogLevel__Default=Warning

work=$(mktemp -d)
pids=()
clean() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean EXIT

say()  { printf '\n\033[1m# %s\033[0m\n' "$*"; }
fail() { printf 'demo.sh: %s\n' "$*" >&2; exit 1; }

# Shows a curl command as one would type it, runs it, and prints status and body.
call() {
  local shown='$ curl' word name
  for word in "$@"; do
    word=${word//"$VAULT"/\$VAULT}; word=${word//"$SERVICE"/\$SERVICE}; word=${word//"$ADMIN"/\$ADMIN}; word=${word//"${APP:-no app key yet}"/\$APP}
    word=${word//"${certificate:-no certificate yet}"/…}
    case $word in
      *[\"{]*) # Single quotes, so that a shell leaves $Credential alone; the demo's own variables stand between them.
        for name in VAULT SERVICE ADMIN APP; do word=${word//"\$$name"/"'\"\$$name\"'"}; done
        shown+=" '$word'" ;;
      *\$VAULT*|*\$SERVICE*|*\$ADMIN*|*\$APP*) shown+=" \"$word\"" ;;
      *[!A-Za-z0-9_./:=@-]*) shown+=" '$word'" ;;
      *) shown+=" $word" ;;
    esac
  done
  printf '%s\n' "$shown"
  local status
  status=$(curl --silent --show-error --noproxy '*' --max-time 30 -o "$work/answer" -w '%{http_code}' "$@")
  printf '%s ' "$status"
  head -c 2000 "$work/answer" | sed 's/"-----BEGIN[^"]*"/"…"/'
  printf '\n'
}

# Waits until the address answers.
ready() {
  for _ in $(seq 200); do
    curl --silent --noproxy '*' --max-time 2 -o /dev/null -f "$1" && return
    sleep 0.1
  done
  cat "$work"/*.log >&2
  fail "$1 did not answer"
}

free_port() { # a port that nobody listens on
  python3 - 2>/dev/null <<'PY' || echo $((20000 + RANDOM % 20000))
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])
PY
}

command -v curl >/dev/null || fail "curl is needed"
dotnet build src/Vault.Api -c Release --verbosity quiet >"$work/build.log" || { cat "$work/build.log"; exit 1; }
dotnet build samples/TokenService -c Release --verbosity quiet >"$work/build.log" || { cat "$work/build.log"; exit 1; }

SERVICE=http://localhost:$(free_port)
VAULT=http://localhost:$(free_port)
PROXY_PORT=$(free_port)
ADMIN=vk_demoadmin_$(head -c 64 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9' | head -c 40)
[ ${#ADMIN} -ge 45 ] || ADMIN=vk_demoadmin_$(date +%s%N)$(date +%s%N)demo

# The same service over https too, where there is a tool to make it a certificate.
SECURE=
if command -v openssl >/dev/null && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/service.key" -out "$work/service.pem" 2>/dev/null; then
  SECURE=https://localhost:$(free_port)
fi

TokenService__Username=service-user TokenService__Password=correct-horse-battery \
  Kestrel__Certificates__Default__Path=${SECURE:+$work/service.pem} Kestrel__Certificates__Default__KeyPath=${SECURE:+$work/service.key} \
  dotnet samples/TokenService/bin/Release/net10.0/TokenService.dll --urls "$SERVICE${SECURE:+;$SECURE}" >"$work/service.log" 2>&1 &
pids+=($!)
ASPNETCORE_ENVIRONMENT=Development Vault__DataDirectory="$work/data" Vault__BootstrapAdminKey="$ADMIN" Vault__Http2Url="" \
  Vault__ForwardProxy__Url="http://localhost:$PROXY_PORT" \
  dotnet src/Vault.Api/bin/Release/net10.0/Vault.Api.dll --urls "$VAULT" >"$work/vault.log" 2>&1 &
pids+=($!)
ready "$SERVICE/seen"
ready "$VAULT/healthz/ready"

json=(-H 'Content-Type: application/json')
admin=(-H "X-Vault-Key: $ADMIN")

say "An admin says how to sign in to the service, and where it is. The secrets go in here and never come out."
call -X POST "$VAULT/api/v1/named-credentials" "${admin[@]}" "${json[@]}" -d '{
  "name": "ServiceTokenRequest", "label": "SERVICE Token Request", "url": "'"$SERVICE"'/token",
  "authentication": { "protocol": "password", "username": "service-user", "password": "correct-horse-battery" },
  "generateAuthorizationHeader": false, "allowMergeFieldsInBody": true }'
call -X POST "$VAULT/api/v1/external-credentials" "${admin[@]}" "${json[@]}" -d '{ "name": "NoSecrets", "authentication": { "protocol": "none" } }'
call -X POST "$VAULT/api/v1/named-credentials" "${admin[@]}" "${json[@]}" -d '{ "name": "ServicePlain", "url": "'"$SERVICE"'", "externalCredential": "NoSecrets" }'

say "An app, what it may call, and its key"
call -X POST "$VAULT/api/v1/apps" "${admin[@]}" "${json[@]}" -d '{ "name": "Billing" }'
for name in ServiceTokenRequest ServicePlain; do
  call -X PUT "$VAULT/api/v1/apps/Billing/grants/$name" "${admin[@]}" "${json[@]}" -d '{}'
done
call -X POST "$VAULT/api/v1/apps/Billing/keys" "${admin[@]}" "${json[@]}" -d '{}'
APP=$(sed -n 's/.*"key":"\([^"]*\)".*/\1/p' "$work/answer")
[ -n "$APP" ] || fail "no app key"
app=(-H "X-Vault-Key: $APP")

say "Flow 1, as Salesforce users know it: merge fields in the body, the token handled by the app"
call -X POST "$VAULT/callout/ServiceTokenRequest" "${app[@]}" "${json[@]}" \
  -d '{"Username":"{!HTMLENCODE($Credential.Username)}","Password":"{!HTMLENCODE($Credential.Password)}"}'
TOKEN=$(sed -n 's/.*"securityToken":"\([^"]*\)".*/\1/p' "$work/answer")
[ -n "$TOKEN" ] || fail "no token"
call "$VAULT/callout/ServicePlain/record" "${app[@]}" -H "Authorization: Bearer $TOKEN"
grep -q '"' "$work/answer" || fail "no record"

say "Flow 2, as it should be: protocol login; the app just calls"
call -X POST "$VAULT/api/v1/external-credentials" "${admin[@]}" "${json[@]}" -d '{
  "name": "ServiceLogin", "label": "SERVICE login", "allowedHosts": [ "'"$SERVICE"'", "'"${SECURE:-$SERVICE}"'" ],
  "authentication": { "protocol": "login",
    "steps": [ { "request": { "method": "POST", "url": "/token",
                              "json": { "Username": "{!$Credential.Username}", "Password": "{!$Credential.Password}" } },
                 "extract": { "securityToken": "$.securityToken" } } ],
    "apply": { "headers": { "Authorization": "Bearer {!$Token.securityToken}" } },
    "lifetimeSeconds": 3600 } }'
call -X POST "$VAULT/api/v1/named-credentials" "${admin[@]}" "${json[@]}" -d '{ "name": "Service", "url": "'"$SERVICE"'", "externalCredential": "ServiceLogin" }'
call -X PUT "$VAULT/api/v1/external-credentials/ServiceLogin/principals/default/credential" "${admin[@]}" "${json[@]}" \
  -d '{ "parameters": { "Username": "service-user", "Password": "correct-horse-battery" } }'
call -X PUT "$VAULT/api/v1/apps/Billing/grants/Service" "${admin[@]}" "${json[@]}" -d '{}'
call "$VAULT/callout/Service/record" "${app[@]}"
call "$VAULT/callout/Service/record" "${app[@]}"

say "The service forgets every token; the vault logs in again by itself"
call -X POST "$SERVICE/expire"
sleep 0.1
call "$VAULT/callout/Service/record" "${app[@]}"
grep -q '"' "$work/answer" || fail "no record after renewal"

say "The forward proxy: the app calls the service's own URL, and has the vault in nothing but its environment"
through="http://x:$APP@localhost:$PROXY_PORT"
printf '%s\n' '$ http_proxy=http://x:$APP@localhost:'"$PROXY_PORT"' curl $SERVICE/record'
http_proxy=$through curl --silent --show-error --fail-with-body --noproxy '' "$SERVICE/record"
printf '\n'
if [ -n "$SECURE" ]; then
  printf '%s\n' '$ curl $VAULT/api/v1/forward-proxy/ca.pem > ca.pem'
  curl --silent --noproxy '*' "$VAULT/api/v1/forward-proxy/ca.pem" >"$work/ca.pem"
  certificate=$(awk '{ printf "%s\\n", $0 }' "$work/service.pem")
  call -X POST "$VAULT/api/v1/named-credentials" "${admin[@]}" "${json[@]}" -d '{ "name": "ServiceSecure", "url": "'"$SECURE"'", "externalCredential": "ServiceLogin", "serverCertificates": "'"$certificate"'" }'
  call -X PUT "$VAULT/api/v1/apps/Billing/grants/ServiceSecure" "${admin[@]}" "${json[@]}" -d '{}'
  printf '%s\n' '$ HTTPS_PROXY=http://x:$APP@localhost:'"$PROXY_PORT"' CURL_CA_BUNDLE=ca.pem curl '"$SECURE/record"
  HTTPS_PROXY=$through CURL_CA_BUNDLE=$work/ca.pem curl --silent --show-error --fail-with-body --noproxy '' "$SECURE/record"
  printf '\n'
fi

say "What the service received"
printf '%s\n' '$ curl $SERVICE/seen'
curl --silent --noproxy '*' "$SERVICE/seen"

printf '\nDone. Vault and service are stopped, their data removed.\n'
