namespace Paas.Deployer.Targets;

/// <summary>How a backing service is run, and how an app finds it.</summary>
/// <param name="Image">The image's name, without a tag.</param>
/// <param name="Version">The tag, if the manifest names none.</param>
/// <param name="Port">Where it listens.</param>
/// <param name="DataFolder">Where it keeps its data.</param>
/// <param name="UrlVariables">What its URL is called.</param>
/// <param name="Settings">The variables of its container, given its password.</param>
/// <param name="Url">Its URL, given its password.</param>
/// <param name="Command">In place of the image's own. A password is never in it: whoever lists processes sees it.</param>
/// <param name="File">A file that it reads, where its image takes no password from a variable.</param>
/// <param name="Asked">A program of its image, and what that prints while it listens but takes no connections yet.</param>
internal sealed record AddOnKind(
    string Image, string Version, int Port, string DataFolder, IReadOnlyList<string> UrlVariables,
    Func<string, Dictionary<string, string>> Settings, Func<string, string> Url, IReadOnlyList<string>? Command = null, AddOnFile? File = null,
    (IReadOnlyList<string> Program, string NotYet)? Asked = null)
{
    private const string User = "app";

    /// <summary>The image of a backing service: the platform's choice, in the version the manifest names.</summary>
    public static string ImageOf(Contracts.AddOn addOn, DeployerOptions options)
    {
        ArgumentNullException.ThrowIfNull(addOn);
        var kind = All[addOn.Name];
        var image = options.AddOnImages.GetValueOrDefault(addOn.Name) ?? $"{kind.Image}:{kind.Version}";
        var colon = image.LastIndexOf(':');
        var (repository, tag) = colon > image.LastIndexOf('/') ? (image[..colon], image[(colon + 1)..]) : (image, kind.Version);
        return $"{repository}:{addOn.Version ?? tag}";
    }

    public static IReadOnlyDictionary<string, AddOnKind> All { get; } = new Dictionary<string, AddOnKind>(StringComparer.Ordinal)
    {
        ["postgres"] = new("postgres", "17", 5432, "/var/lib/paas", ["DATABASE_URL"],
            // A folder within the volume: where it lies by default changes from version to version.
            password => new() { ["POSTGRES_USER"] = User, ["POSTGRES_PASSWORD"] = password, ["POSTGRES_DB"] = User, ["PGDATA"] = "/var/lib/paas/data" },
            password => $"postgres://{User}:{password}@postgres:5432/{User}",
            // After it was killed it first reads its log.
            Asked: (["pg_isready", "--host", "127.0.0.1"], "rejecting connections")),
        ["mysql"] = new("mysql", "8.4", 3306, "/var/lib/mysql", ["DATABASE_URL", "MYSQL_URL"],
            password => new() { ["MYSQL_USER"] = User, ["MYSQL_PASSWORD"] = password, ["MYSQL_DATABASE"] = User, ["MYSQL_ROOT_PASSWORD"] = password },
            password => $"mysql://{User}:{password}@mysql:3306/{User}"),
        ["mariadb"] = new("mariadb", "11.4", 3306, "/var/lib/mysql", ["DATABASE_URL", "MYSQL_URL"],
            password => new() { ["MARIADB_USER"] = User, ["MARIADB_PASSWORD"] = password, ["MARIADB_DATABASE"] = User, ["MARIADB_ROOT_PASSWORD"] = password },
            password => $"mysql://{User}:{password}@mariadb:3306/{User}"),
        ["redis"] = new("redis", "7", 6379, "/data", ["REDIS_URL"],
            _ => [], password => $"redis://:{password}@redis:6379/0",
            ["redis-server", "/etc/paas/redis.conf"], new("/etc/paas", "redis.conf", password => $"appendonly yes\nrequirepass {password}\n")),
        ["mongodb"] = new("mongo", "7", 27017, "/data/db", ["MONGODB_URI"],
            password => new() { ["MONGO_INITDB_ROOT_USERNAME"] = User, ["MONGO_INITDB_ROOT_PASSWORD"] = password },
            password => $"mongodb://{User}:{password}@mongodb:27017/{User}?authSource=admin"),
        ["rabbitmq"] = new("rabbitmq", "4", 5672, "/var/lib/rabbitmq", ["RABBITMQ_URL", "AMQP_URL"],
            // Its data belongs to the node's name, which would change with the container.
            password => new() { ["RABBITMQ_DEFAULT_USER"] = User, ["RABBITMQ_DEFAULT_PASS"] = password, ["RABBITMQ_NODENAME"] = "rabbit@localhost" },
            password => $"amqp://{User}:{password}@rabbitmq:5672/%2f"),
    };
}

/// <summary>A file in the container of a backing service.</summary>
/// <param name="Folder">Its folder, which is of no other use.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">What it says, given the password.</param>
internal sealed record AddOnFile(string Folder, string Name, Func<string, string> Text);
