# The image of any service: docker build --build-arg SERVICE=CodeDownloader --build-arg PACKAGES=git .
# SERVICE is a folder below services/, PACKAGES what its work needs besides .NET.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /src

# Packages are fetched again when a project or a lock file changes, not with every line of source.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY shared/Contracts/*.csproj shared/Contracts/packages.lock.json shared/Contracts/
COPY shared/Hosting/*.csproj shared/Hosting/packages.lock.json shared/Hosting/
COPY shared/Docker/*.csproj shared/Docker/packages.lock.json shared/Docker/
COPY shared/Kubernetes/*.csproj shared/Kubernetes/packages.lock.json shared/Kubernetes/
COPY shared/Persistence/*.csproj shared/Persistence/packages.lock.json shared/Persistence/
COPY services/Gateway/*.csproj services/Gateway/packages.lock.json services/Gateway/
COPY services/Orchestrator/*.csproj services/Orchestrator/packages.lock.json services/Orchestrator/
COPY services/CodeDownloader/*.csproj services/CodeDownloader/packages.lock.json services/CodeDownloader/
COPY services/ConfigurationValidator/*.csproj services/ConfigurationValidator/packages.lock.json services/ConfigurationValidator/
COPY services/ImageBuilder/*.csproj services/ImageBuilder/packages.lock.json services/ImageBuilder/
COPY services/ImagePublisher/*.csproj services/ImagePublisher/packages.lock.json services/ImagePublisher/
COPY services/Deployer/*.csproj services/Deployer/packages.lock.json services/Deployer/
COPY services/Standalone/*.csproj services/Standalone/packages.lock.json services/Standalone/
# The standalone platform refers to every service.
RUN dotnet restore services/Standalone --locked-mode

# All services at once: the images share this stage, and most of what there is to compile.
COPY .editorconfig ./
COPY shared/ shared/
COPY services/ services/
RUN dotnet build services/Standalone --configuration Release --no-restore --nologo --verbosity quiet \
    && for service in Gateway Orchestrator CodeDownloader ConfigurationValidator ImageBuilder ImagePublisher Deployer; do \
        dotnet publish "services/$service" --configuration Release --no-build --nologo --verbosity quiet --output "/publish/$service" \
        # One name to start them all by; the host looks for its assembly beside the file the link leads to.
        && ln -s "Paas.$service" "/publish/$service/service" \
        || exit 1; \
    done \
    # SQLite's libraries for other systems: three quarters of all that is published.
    && find /publish -path '*/runtimes/*' -prune ! -name linux-x64 ! -name linux-arm64 -exec rm -r {} +

FROM mcr.microsoft.com/dotnet/aspnet:10.0
ARG PACKAGES=
RUN if [ -n "$PACKAGES" ]; then \
        apt-get update \
        && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $PACKAGES \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*; \
    fi
# A new volume gets the owner and the mode of the folder it is mounted on.
RUN install --directory --mode=0700 --owner="$APP_UID" --group="$APP_UID" \
    /data /data/artifacts /data/builds /data/cache /data/cache/git /data/docker /data/keys /data/local /data/locks

ARG SERVICE
COPY --from=build /publish/${SERVICE} /app/
# Health is for this container alone, unless the service says otherwise. Settings are not read again while it runs.
ENV ASPNETCORE_HTTP_PORTS= \
    ASPNETCORE_URLS=http://127.0.0.1:8081 \
    DOTNET_HOSTBUILDER__RELOADCONFIGONCHANGE=false \
    Paas__DataDirectory=/data
WORKDIR /app
USER $APP_UID
ENTRYPOINT ["/app/service"]
# Bash alone: a program started every few seconds would cost more than the service at rest.
HEALTHCHECK CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ASPNETCORE_URLS##*:} && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="paas ${SERVICE}" \
    org.opencontainers.image.description="A service of the paas platform" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
