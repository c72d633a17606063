#!/usr/bin/env bash
# ./fuzz.sh [seconds-per-parser] [parser…]      default: 600, every parser
# Fuzzes each parser of a stranger's bytes, guided by coverage. A finding is written to artifacts/fuzz-findings, and the exit code is 1.
# To see one again: dotnet artifacts/fuzz/Vault.Fuzz.dll replay PARSER FILE; to run the same inputs again: … run PARSER SECONDS DIRECTORY SEED.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
seconds=${1:-600}
shift $(($# > 0 ? 1 : 0))
program=artifacts/fuzz
findings=artifacts/fuzz-findings

rm -rf "$program"
dotnet build tests/Vault.Fuzz -c Release -v quiet
mkdir -p "$program" "$findings"
cp -r tests/Vault.Fuzz/bin/Release/net10.0/. "$program"
dotnet "$program/Vault.Fuzz.dll" instrument "$program/Vault.Core.dll" "$program/Vault.Api.dll"

parsers=("$@")
((${#parsers[@]})) || mapfile -t parsers < <(dotnet "$program/Vault.Fuzz.dll" list)
code=0
for parser in "${parsers[@]}"; do
  result=0
  nice -n 19 dotnet "$program/Vault.Fuzz.dll" run "$parser" "$seconds" "$findings" || result=$?
  if ((result > 1)); then
    # It took the process down, or too long: what it was parsing then stands in the file, behind its length (4 bytes).
    input="$findings/$parser-$(date +%s)"
    tail -c +5 "$findings/$parser.current" | head -c "$(od -An -tu4 -N4 "$findings/$parser.current" | tr -d " ")" > "$input"
    echo "$parser: FOUND, exit code $result, in $input"
  fi
  ((result == 0)) || code=1
done
exit "$code"
