#!/usr/bin/env bash
# Restores a backup where nothing of the vault is but this program and the master key, verifies it, calls out from it, and removes it again.
#
#   ./drill.sh <backup> <master key file> [<app key> <named credential>[/<path>]]
#
# The settings of the vault that matter to the callout (Vault__Egress__…) come from the environment, as for the vault itself; with another
# provider of the master key than `file`, all of Vault__MasterKey__… does, and `-` stands for the file. VAULT is the program, as in
# VAULT='dotnet /app/Vault.Api.dll'. Ends with 0 and the time that it took, or with what was wrong.
set -euo pipefail
backup=$(realpath "${1:?which backup}") key=${2:?which master key file, or -} app_key=${3:-} callout=${4:-}
read -ra vault <<<"${VAULT:-dotnet $(dirname "$(realpath "$0")")/src/Vault.Api/bin/Release/net10.0/Vault.Api.dll}"

directory=$(mktemp -d)
pid=
end() {
  if [[ -n $pid ]]; then kill "$pid" 2>/dev/null && wait "$pid" || true; fi
  rm -rf "$directory"
}
trap end EXIT

export Vault__DataDirectory=$directory/data Vault__Database__Provider=sqlite ConnectionStrings__Vault=
if [[ $key != - ]]; then Vault__MasterKey__Path=$(realpath "$key"); export Vault__MasterKey__Path; fi
say() { printf '%3d s  %s\n' "$SECONDS" "$1"; }

# What a command found stands on its standard output: shown where it wasn't well.
check() {
  local code=0
  "${vault[@]}" "$@" >"$directory/verdict" || code=$?
  if ((code)); then
    printf '%3d s  %s: exit code %d\n' "$SECONDS" "$*" "$code" >&2
    cat "$directory/verdict" >&2
    exit "$code"
  fi
}

check backup --verify "$backup"
say "the backup is whole"
check restore "$backup"
say "restored"
check audit verify
check keys verify
say "audit and secrets verified"

# The address is the vault's to choose, and it says which one it is.
: >"$directory/log"
ASPNETCORE_URLS=http://127.0.0.1:0 Vault__Http2Url='' "${vault[@]}" >"$directory/log" 2>&1 &
pid=$!
for ((tries = 0; tries < 600; tries++)); do
  address=$(grep -om1 'http://127\.0\.0\.1:[0-9]*' "$directory/log" || true)
  [[ -z $address ]] || break
  kill -0 "$pid" 2>/dev/null || { cat "$directory/log" >&2; exit 1; }
  sleep 0.1
done
curl -fsS --noproxy '*' "${address:?the vault did not start}/healthz/ready" >/dev/null
say "it is ready"
if [[ -n $callout ]]; then
  # The key is read from standard input: whoever lists processes must not see it.
  printf 'header = "X-Vault-Key: %s"\n' "$app_key" | curl -fsS --noproxy '*' -o /dev/null -K - "$address/callout/$callout"
  say "called out: $callout"
fi
say "the drill went well"
