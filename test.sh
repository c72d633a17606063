#!/usr/bin/env bash
# Builds everything and runs all tests. Installs what they need; ends with one line: "N passed, N failed[, N skipped]".
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# The servers and verifiers that tests/Vault.Interop.Tests signs in to, and what apps are written in; none of them ours.
declare -A packages=(
  [apache2]=apache2-bin [htpasswd]=apache2-utils [nginx]=nginx [node]=nodejs [npm]=npm [curl]=curl [python3]=python3 [go]=golang-go
)
missing=()
for program in "${!packages[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
compgen -G '/usr/lib/*/apr-util-1/apr_dbd_sqlite3*.so' >/dev/null || missing+=(libaprutil1-dbd-sqlite3)
# Clocks that are set while a vault runs.
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
# A token for the master key; the tests make their own.
compgen -G '/usr/lib/softhsm/libsofthsm2.so' >/dev/null || compgen -G '/usr/lib/*/softhsm/libsofthsm2.so' >/dev/null || missing+=(softhsm2)
# A PostgreSQL to run the tests on, too; they start it themselves.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
if ((${#missing[@]})); then
  root=(); [[ $EUID == 0 ]] || root=(sudo)
  # RUNLEVEL=1: the tests start their own servers; the packages' must not.
  install=("${root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
  "${install[@]}" || { "${root[@]}" apt-get update && "${install[@]}"; }
fi
npm ci --prefix tests/Vault.Interop.Tests/Peers
npm ci --prefix samples/node

dotnet build Vault.sln -c Release

# One project after the other: they start servers and processes, and some hold them to times.
code=0
dotnet test Vault.sln -c Release --no-build -m:1 --logger trx --results-directory "$results" || code=$?

# Admin API, callouts, tokens, audit, keys and what must never leak once more, on the other database.
both=
for folder in Admin Audit Callouts ForwardProxy Logins Protocols Secrecy SecretSources Stories VaultKeys; do both+="|FullyQualifiedName~Vault.Api.Tests.$folder."; done
VAULT_TEST_DATABASE=postgreSql dotnet test tests/Vault.Api.Tests -c Release --no-build --logger trx --results-directory "$results" \
  --filter "Database!=sqlite&(${both#|})" || code=$?

cat "$results"/*.trx 2>/dev/null | grep -o '<Counters [^>]*>' | awk -v code="$code" '
  function value(name,   m) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0 }
  { total += value("total"); run += value("executed"); passed += value("passed"); failed += value("failed") }
  END {
    skipped = total - run
    lost = run - passed - failed            # timed out, aborted: not passed is failed
    failed += lost
    if (total == 0 || (code != 0 && failed == 0)) failed++   # nothing ran, or a test host died
    line = passed + 0 " passed, " failed + 0 " failed"
    if (skipped > 0) line = line ", " skipped " skipped"
    print line
    exit failed > 0
  }'
