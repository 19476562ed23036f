namespace Paas.Servers;

/// <summary>
/// Images of backing services, made of Debian's packages: as with the official ones, root hands the data to a user who
/// may do nothing else, and the variables say which user, password and database there are to be.
/// </summary>
public static class AddOnImages
{
    private const string Entrypoint = "usr/local/bin/docker-entrypoint.sh";

    private static readonly string? PostgresFolder = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").FirstOrDefault() : null;

    public static bool HasRedis => RedisPackages is not null && File.Exists("/usr/bin/setpriv");

    public static bool HasPostgres => PostgresFolder is not null && File.Exists("/usr/bin/setpriv");

    private static IReadOnlyList<string>? RedisPackages => DebianPackages.Fetch("redis-server");

    public static async Task ImportRedisAsync(this DockerEngine engine, string name)
    {
        using var image = new HostImage();
        image.Unpacked(RedisPackages!).OneFile("/usr/bin/setpriv").Write("etc/passwd", "root:x:0:0::/root:/bin/sh\nredis:x:999:999::/data:/bin/false\n")
            .Write("etc/group", "root:x:0:\nredis:x:999:\n").Write("data/.keep", "").Write(Entrypoint, """
                #!/bin/sh
                set -e
                # By its path: BusyBox has one of its own.
                if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
                  chown -R redis .
                  exec /usr/bin/setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
                fi
                exec "$@"

                """, isProgram: true);
        await image.ImportAsync(engine, [name], """ENTRYPOINT ["docker-entrypoint.sh"]""", """CMD ["redis-server"]""", "WORKDIR /data", "VOLUME /data");
    }

    public static async Task ImportPostgresAsync(this DockerEngine engine, string name)
    {
        using var image = new HostImage();
        var version = Path.GetFileName(PostgresFolder);
        image.Packages($"postgresql-{version}", $"postgresql-client-{version}", "tzdata").OneFile("/usr/bin/setpriv").Writable("var/run/postgresql")
            .Write("etc/passwd", "root:x:0:0::/root:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n").Write("etc/group", "root:x:0:\npostgres:x:999:\n")
            .Write(Entrypoint, """
                #!/bin/sh
                set -e
                if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
                  mkdir -p "$PGDATA"
                  chown -R postgres "$PGDATA"
                  chmod 700 "$PGDATA"
                  exec /usr/bin/setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
                fi
                if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
                  printf %s "$POSTGRES_PASSWORD" >/tmp/password
                  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256
                  rm /tmp/password
                  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
                  pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=127.0.0.1" --wait start
                  psql --username="$POSTGRES_USER" --dbname=postgres --command="CREATE DATABASE \"$POSTGRES_DB\""
                  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
                fi
                exec "$@"

                """, isProgram: true);
        await image.ImportAsync(engine, [name], $"ENV PATH={PostgresFolder}/bin:/usr/local/bin:/usr/bin:/bin", """ENTRYPOINT ["docker-entrypoint.sh"]""",
            """CMD ["postgres", "-c", "listen_addresses=*"]""");
    }
}
