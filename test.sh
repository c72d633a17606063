#!/usr/bin/env bash
# Builds everything and runs all tests. Installs what they need; ends with one line: "N passed, N failed[, N skipped]".
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

dotnet build Vault.sln -c Release

code=0
dotnet test Vault.sln -c Release --no-build --logger trx --results-directory "$results" || code=$?

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
