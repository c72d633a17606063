# Builds the vault; runs it as a user of no rights. A read-only root file system works: only /data is written.
# Whole versions, so that a build today is a build tomorrow; raise both for security updates (or pass --build-arg).
ARG SDK=10.0.401
ARG RUNTIME=10.0.12

FROM mcr.microsoft.com/dotnet/sdk:${SDK} AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Vault.Core/Vault.Core.csproj src/Vault.Core/packages.lock.json src/Vault.Core/
COPY src/Vault.Api/Vault.Api.csproj src/Vault.Api/packages.lock.json src/Vault.Api/
# With its own runtime and compiled ahead of time, so that it starts in half the time.
ARG TARGETARCH=amd64
RUN if [ "$TARGETARCH" = arm64 ]; then echo linux-arm64; else echo linux-x64; fi > /rid
RUN dotnet restore src/Vault.Api --locked-mode -p:Configuration=Release -p:RuntimeIdentifier=$(cat /rid)
COPY src/ src/
RUN dotnet publish src/Vault.Api -c Release -p:RuntimeIdentifier=$(cat /rid) --no-restore -o /app

# The sample of docker-compose.yml's demo profile.
FROM build AS build-sample
COPY samples/ samples/
RUN dotnet restore samples/TokenService --locked-mode && dotnet publish samples/TokenService -c Release --no-restore -o /sample

FROM mcr.microsoft.com/dotnet/aspnet:${RUNTIME} AS sample
WORKDIR /sample
COPY --from=build-sample /sample .
ENV ASPNETCORE_HTTP_PORTS=8080 DOTNET_EnableDiagnostics=0 DOTNET_DbgEnableMiniDump=0
USER $APP_UID
ENTRYPOINT ["dotnet", "TokenService.dll"]

FROM mcr.microsoft.com/dotnet/runtime-deps:${RUNTIME} AS vault
WORKDIR /app
COPY --from=build /app .
RUN mkdir /data && chown "$APP_UID" /data && chmod 700 /data
# No diagnostics port and no dumps: both would give the memory of the process away.
ENV ASPNETCORE_HTTP_PORTS="" \
    ASPNETCORE_URLS=http://+:5080 \
    Vault__DataDirectory=/data \
    DOTNET_EnableDiagnostics=0 \
    DOTNET_DbgEnableMiniDump=0 \
    TMPDIR=/tmp
VOLUME /data
EXPOSE 5080
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["./Vault.Api", "healthcheck"]
ENTRYPOINT ["./Vault.Api"]
