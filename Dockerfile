# The image of any service: docker build --build-arg SERVICE=CodeDownloader --build-arg PACKAGES=git .
# SERVICE is a folder below services/, PACKAGES what its work needs besides .NET.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /src

# Packages are fetched again only when a project or a lock file changes, not with every line of source.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY shared/Contracts/*.csproj shared/Contracts/packages.lock.json shared/Contracts/
COPY shared/Hosting/*.csproj shared/Hosting/packages.lock.json shared/Hosting/
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
COPY shared/ shared/
COPY services/ services/
RUN dotnet build services/Standalone --configuration Release --no-restore --nologo --verbosity quiet \
    && for service in Gateway Orchestrator CodeDownloader ConfigurationValidator ImageBuilder ImagePublisher Deployer; do \
        dotnet publish "services/$service" --configuration Release --no-build --nologo --verbosity quiet --output "/publish/$service" \
        && ln -s "Paas.$service" "/publish/$service/service" || exit 1; \
    done \
    # SQLite is the standalone platform's; here, only the libraries of Linux could ever be loaded.
    && find /publish -path '*/runtimes/*' -prune -name 'win*' -o -path '*/runtimes/*' -prune -name 'osx*' >/dev/null

FROM mcr.microsoft.com/dotnet/aspnet:10.0
ARG PACKAGES=
RUN if [ -n "$PACKAGES" ]; then \
        apt-get update \
        && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $PACKAGES \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log; \
    fi
# A volume takes over the owner of the folder it is mounted on.
RUN install --directory --mode=0700 --owner="$APP_UID" --group="$APP_UID" \
    /data /data/artifacts /data/builds /data/cache /data/keys /data/local

ARG SERVICE
COPY --from=build /publish/${SERVICE} /app/
ENV DOTNET_NOLOGO=1 Paas__DataDirectory=/data
WORKDIR /data
USER $APP_UID
ENTRYPOINT ["/app/service"]

ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="paas ${SERVICE}" \
    org.opencontainers.image.description="A service of the paas platform" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
