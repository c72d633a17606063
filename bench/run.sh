#!/usr/bin/env bash
# Measures the vault against its peers and itself; see bench/README.md. Prints tables, and keeps them in bench/results/.
#
#   ./bench/run.sh            everything, under 15 minutes
#   ./bench/run.sh --quick    shorter and fewer rounds, under 3 minutes once everything is installed and built
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

declare -A packages=(
  [wrk]=wrk [h2load]=nghttp2-client [nginx]=nginx [haproxy]=haproxy [go]=golang-go [caddy]=caddy [mitmdump]=mitmproxy
  [gcc]=gcc [openssl]=openssl [curl]=curl [python3]=python3 [taskset]=util-linux
)
missing=()
for program in "${!packages[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
[[ -e /usr/include/stdio.h ]] || missing+=(libc6-dev)
if ((${#missing[@]})); then
  root=(); [[ $EUID == 0 ]] || root=(sudo)
  # RUNLEVEL=1: the benchmark starts its own servers; the packages' must not.
  install=("${root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
  "${install[@]}" || { "${root[@]}" apt-get update && "${install[@]}"; }
fi

exec env PATH="$PATH:/usr/sbin" PYTHONDONTWRITEBYTECODE=1 python3 bench/harness "$@"
