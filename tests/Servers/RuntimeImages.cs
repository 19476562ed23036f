namespace Paas.Servers;

/// <summary>
/// The base images that generated Dockerfiles ask for, as far as this machine has their programs: under the names of the
/// official ones and, where it matters for a build, with the same things in the same places. So these Dockerfiles build
/// as they are, and nothing is fetched.
/// </summary>
public static class RuntimeImages
{
    private static readonly string[] Python =
    [
        "python3.11", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "python3-minimal", "python3-pip", "python3-setuptools", "python3-wheel",
        "python3-distutils", "python3-lib2to3", "python3-pkg-resources", "ca-certificates", "media-types",
    ];

    /// <summary>Debian's Python with pip; 37 MB.</summary>
    public static bool HasPython => HostImage.Has("python3.11") && HostImage.Has("python3-pip");

    /// <summary>Node.js with npm; 130 MB.</summary>
    public static bool HasNode => File.Exists("/usr/bin/node") && NpmFolder is not null;

    /// <summary>The SDK and the runtime of .NET 10; 600 MB.</summary>
    public static bool HasDotNet => DotNetFolder is not null;

    /// <summary>Debian's Go; 400 MB.</summary>
    public static bool HasGo => GoPackages is not null;

    /// <summary>Debian's PHP with Apache, and Composer.</summary>
    public static bool HasPhp => PhpPackages is not null;

    private static IReadOnlyList<string>? GoPackages => DebianPackages.Fetch("golang-go");

    private static IReadOnlyList<string>? PhpPackages => DebianPackages.Fetch("apache2", "libapache2-mod-php", "composer");

    private static string? NpmFolder => new[] { "/usr/lib/node_modules/npm", "/usr/share/nodejs/npm" }.FirstOrDefault(Directory.Exists);

    private static string? DotNetFolder => new[] { "/usr/share/dotnet", "/usr/lib/dotnet" }.FirstOrDefault(folder => Directory.Exists($"{folder}/sdk"));

    public static async Task ImportPythonAsync(this DockerEngine engine, params string[] names)
    {
        using var image = new HostImage();
        image.Packages(Python).Folder("/etc/ssl/certs").Link("usr/local/bin/python", "/usr/bin/python3");
        // The official image has no other Python that it would have to be kept apart from.
        image.LeaveOut("/usr/lib/python3.11/EXTERNALLY-MANAGED");
        await image.ImportAsync(engine, names.Length > 0 ? names : ["python:3.13-slim", "python:3.11-slim"], """CMD ["python3"]""");
    }

    public static async Task ImportNodeAsync(this DockerEngine engine, params string[] names)
    {
        using var image = new HostImage();
        image.OneFile("/usr/bin/node").Folder(NpmFolder!, file => !file.Contains("/npm/docs/", StringComparison.Ordinal) && !file.Contains("/npm/man/", StringComparison.Ordinal))
            .Link("usr/local/bin/npm", $"{NpmFolder}/bin/npm-cli.js").Link("usr/local/bin/npx", $"{NpmFolder}/bin/npx-cli.js");
        await image.ImportAsync(engine, names.Length > 0 ? names : ["node:22-slim", "node:20-slim"], """CMD ["node"]""");
    }

    public static async Task ImportDotNetAsync(this DockerEngine engine)
    {
        using (var sdk = new HostImage())
        {
            await sdk.Folder(DotNetFolder!, IsOfSdk).Packages("libicu72", "libssl3", "ca-certificates").Folder("/etc/ssl/certs")
                .Link("usr/bin/dotnet", $"{DotNetFolder}/dotnet")
                .ImportAsync(engine, ["mcr.microsoft.com/dotnet/sdk:10.0"]);
        }

        using var runtime = new HostImage();
        await runtime.OneFile($"{DotNetFolder}/dotnet").Folder($"{DotNetFolder}/host").Folder($"{DotNetFolder}/shared").Packages("libicu72", "libssl3")
            .Link("usr/bin/dotnet", $"{DotNetFolder}/dotnet")
            .ImportAsync(engine, ["mcr.microsoft.com/dotnet/aspnet:10.0"]);
    }

    public static async Task ImportGoAsync(this DockerEngine engine)
    {
        using (var go = new HostImage())
            await go.Unpacked(GoPackages!).Packages("ca-certificates").Folder("/etc/ssl/certs").ImportAsync(engine, ["golang:1.25"], "ENV GOTOOLCHAIN=local");
        await engine.ImportBusyBoxAsync("debian:stable-slim");
    }

    /// <summary>Apache is set up as the official image does it.</summary>
    public static async Task ImportPhpAsync(this DockerEngine engine)
    {
        using var image = new HostImage();
        image.Unpacked(PhpPackages!).Packages("perl-base", "libperl5.36", "perl-modules-5.36", "tzdata", "media-types", "ca-certificates").Folder("/etc/ssl/certs")
            .Link("usr/bin/php", "php8.2").Write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n").Write("etc/group", "root:x:0:\nwww-data:x:33:\n")
            // What the packages' scripts would do.
            .Write("etc/php/8.2/cli/conf.d/all.ini", Extensions("ctype", "iconv", "phar", "tokenizer", "mbstring", "intl"))
            .Write("etc/apache2/mods-enabled/php.load", "LoadModule php_module /usr/lib/apache2/modules/libphp8.2.so\n")
            .Write("etc/apache2/conf-available/docker-php.conf", """
                <FilesMatch \.php$>
                    SetHandler application/x-httpd-php
                </FilesMatch>
                DirectoryIndex disabled
                DirectoryIndex index.php index.html
                <Directory /var/www/>
                    Options -Indexes
                    AllowOverride All
                </Directory>
                """)
            .Link("etc/apache2/conf-enabled/docker-php.conf", "../conf-available/docker-php.conf")
            .Link("etc/apache2/sites-enabled/000-default.conf", "../sites-available/000-default.conf")
            .Link("var/log/apache2/error.log", "/dev/stderr")
            .Link("var/log/apache2/access.log", "/dev/stdout")
            .Link("var/log/apache2/other_vhosts_access.log", "/dev/stdout")
            .Write("usr/local/bin/apache2-foreground", "#!/bin/sh\nset -e\n. /etc/apache2/envvars\nmkdir -p $APACHE_RUN_DIR $APACHE_LOCK_DIR\nexec apache2 -DFOREGROUND \"$@\"\n", isProgram: true)
            .Writable("var/run/apache2").Writable("var/lock/apache2").Writable("var/log/apache2");
        foreach (var module in new[] { "mpm_prefork", "authz_core", "authz_host", "dir", "mime", "env", "setenvif", "deflate", "filter", "alias", "reqtimeout" })
        {
            image.Link($"etc/apache2/mods-enabled/{module}.load", $"../mods-available/{module}.load");
            image.Link($"etc/apache2/mods-enabled/{module}.conf", $"../mods-available/{module}.conf");
        }

        await image.ImportAsync(engine, ["php:8.4-apache", "composer:2"], """CMD ["apache2-foreground"]""");

        static string Extensions(params string[] names) => string.Concat(names.Select(name => $"extension={name}\n"));
    }

    /// <summary>Without other languages, and what only tests and tools in an editor use.</summary>
    private static bool IsOfSdk(string file) => !file.Contains("/FSharp/", StringComparison.Ordinal)
        && !file.Contains("/templates/", StringComparison.Ordinal) && !file.Contains("/Containers/", StringComparison.Ordinal)
        && !file.Contains("/DotnetTools/", StringComparison.Ordinal) && !file.Contains("/TestHost", StringComparison.Ordinal);
}
