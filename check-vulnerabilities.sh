#!/usr/bin/env bash
# Fails on a package that is known to be vulnerable. Never part of the build: what is known changes without a change here.
# Exit code 0: none is known; 1: some are; 2: the advisories can't be read from here, so nobody can say.
set -euo pipefail
cd "$(dirname "$0")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT

# First something that is known to be vulnerable: where that goes unnoticed, silence means nothing.
mkdir "$report/known"
cat > "$report/known/known.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.1" /></ItemGroup>
</Project>
PROJECT
dotnet restore "$report/known" > "$report/known.log" 2>&1 || true
dotnet list "$report/known/known.csproj" package --vulnerable --format json > "$report/known.list" 2>> "$report/known.log" || true
if ! grep -q '"vulnerabilities"' "$report/known.list"; then
  grep -Eho 'NU19[0-9]*' "$report/known.log" | sort -u || true
  echo "Nobody can say: a package that is known to be vulnerable isn't reported here. The source of packages gives no advisories; run this where it does."
  exit 2
fi

# A fresh restore asks for the advisories; NU1900 says that they could not be read.
dotnet restore Vault.sln --force -p:NuGetAudit=true -p:NuGetAuditMode=all -p:NuGetAuditLevel=low -p:TreatWarningsAsErrors=false > "$report/restore" 2>&1 \
  || { cat "$report/restore"; exit 2; }
dotnet list Vault.sln package --vulnerable --include-transitive --format json > "$report/list" 2> "$report/errors" \
  || { cat "$report/list" "$report/errors"; echo "Nobody can say: the list could not be made."; exit 2; }

if grep -Eq 'NU190[1-4]|"vulnerabilities"' "$report/restore" "$report/list"; then
  grep -Eho 'warning NU190[1-4]: .*' "$report/restore" | sort -u || true
  cat "$report/list"
  echo "Known to be vulnerable: see above."
  exit 1
fi
if grep -Eq 'NU1900|NU1905' "$report/restore" || grep -q '"problems"' "$report/list"; then
  echo "Nobody can say: the source of packages gives no advisories (NU1900). Run this where it does."
  exit 2
fi
echo "No package is known to be vulnerable."
