#!/usr/bin/env bash
# What a rewrap of many secrets does to callouts: their times before, during and after it, and what a kill -9 in the middle does. Prints a table.
#
#   ./bench/rewrap.sh                          100,000 secrets on SQLite; under 3 minutes once all is built
#   ./bench/rewrap.sh --database postgreSql    on a PostgreSQL of its own
#   ./bench/rewrap.sh --help
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

missing=()
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
command -v python3 >/dev/null || missing+=(python3)
[[ " $* " != *" postgreSql "* ]] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
if ((${#missing[@]})); then
  root=(); [[ $EUID == 0 ]] || root=(sudo)
  # RUNLEVEL=1: the benchmark starts its own server; the package's must not.
  install=("${root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
  "${install[@]}" || { "${root[@]}" apt-get update && "${install[@]}"; }
fi

PYTHONDONTWRITEBYTECODE=1 exec python3 bench/harness/rewrap.py "$@"
