#!/usr/bin/env bash
# How long `vault apply` takes for 1,000 definitions with 500 secrets, on a vault that was just started, and the second time, when nothing changes:
# both programs as they are built, the command line a process of its own each time. Usage: bench/definitions.sh [rounds]
# Beside the time it gives what both programs used of a core, which is the figure that suffers least from a busy machine.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 Logging__LogLevel__Default=Warning
rounds=${1:-3}

work=$(mktemp -d)
pid=
end() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; pid=; fi
}
trap 'end; rm -rf "$work"' EXIT

dotnet build src/Vault.Api -c Release -v quiet > /dev/null
dotnet build src/Vault.Cli -c Release -v quiet > /dev/null

{
  echo externalCredentials:
  for i in $(seq 500); do
    echo "  - {name: E$i, authentication: {protocol: password}, principals: [{name: default, parameters: {Username: \"\${env:BENCH_USER}\", Password: \"\${env:BENCH_PASSWORD}\"}}]}"
  done
  echo namedCredentials:
  for i in $(seq 500); do
    echo "  - {name: N$i, url: \"https://h$i.example/api\", externalCredential: E$i}"
  done
} > "$work/vault.yaml"

export VAULT_KEY="vk_benchadmin01_$(head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')" BENCH_USER=user BENCH_PASSWORD=the-password-of-the-benchmark
port=$((20000 + RANDOM % 20000))
export VAULT_URL=http://127.0.0.1:$port
ticks=$(getconf CLK_TCK)
used() { awk -v ticks="$ticks" '{ sub(/.*\) /, ""); printf "%d", ($12 + $13) * 1000 / ticks }' "/proc/$pid/stat"; }
apply() {
  local name=$1 start vault cli
  start=$(date +%s%N); vault=$(used)
  TIMEFORMAT='%U %S'
  cli=$( { time dotnet src/Vault.Cli/bin/Release/net10.0/vault.dll apply -f "$work/vault.yaml" --yes > "$work/out"; } 2>&1 )
  printf '%s: %5d ms; CPU: vault %5d ms, command line %5.0f ms; %s\n' "$name" $(( ($(date +%s%N) - start) / 1000000 )) $(( $(used) - vault )) \
    "$(echo "$cli" | tail -1 | awk '{ print ($1 + $2) * 1000 }')" "$(tail -1 "$work/out")"
}

echo "$(nproc) cores, load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for round in $(seq "$rounds"); do
  Vault__DataDirectory="$work/data$round" Vault__BootstrapAdminKey=$VAULT_KEY ASPNETCORE_URLS=$VAULT_URL \
    dotnet src/Vault.Api/bin/Release/net10.0/Vault.Api.dll > "$work/vault.log" 2>&1 &
  pid=$!
  for _ in $(seq 300); do
    if curl --silent --fail --noproxy '*' "$VAULT_URL/healthz/ready" > /dev/null; then break; fi
    kill -0 "$pid" 2>/dev/null || { cat "$work/vault.log" >&2; exit 1; }
    sleep 0.1
  done
  apply "round $round, first "
  apply "round $round, second"
  end
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
