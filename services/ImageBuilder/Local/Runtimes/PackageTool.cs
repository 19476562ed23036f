namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>npm, pnpm or yarn, and how each is asked for the same.</summary>
internal sealed record PackageTool(string Name, string? LockFile, string[] Install, string[]? Prune)
{
    public static PackageTool For(string folder) => For(file => File.Exists(Path.Combine(folder, file)));

    /// <param name="has">Whether the app has a file.</param>
    public static PackageTool For(Func<string, bool> has)
    {
        if (has("package-lock.json"))
            return new("npm", "package-lock.json", ["ci"], NpmPrune);
        if (has("npm-shrinkwrap.json"))
            return new("npm", "npm-shrinkwrap.json", ["ci"], NpmPrune);
        if (has("pnpm-lock.yaml"))
            return new("pnpm", "pnpm-lock.yaml", ["install", "--frozen-lockfile"], ["prune", "--prod", "--ignore-scripts"]);
        if (has("yarn.lock") && has(".yarnrc.yml"))
            return new("yarn", "yarn.lock", ["install", "--immutable"], null); // yarn 2 and later can only prune with a plugin
        if (has("yarn.lock"))
            return new("yarn", "yarn.lock", ["install", "--frozen-lockfile"], ["install", "--frozen-lockfile", "--production", "--ignore-scripts"]);
        return new("npm", null, ["install"], NpmPrune);
    }

    private static string[] NpmPrune => ["prune", "--omit=dev", "--ignore-scripts"];

    public static Dictionary<string, string> Settings(string cache) => new()
    {
        ["NPM_CONFIG_CACHE"] = Path.Combine(cache, "npm"),
        ["NPM_CONFIG_STORE_DIR"] = Path.Combine(cache, "pnpm"),
        ["YARN_CACHE_FOLDER"] = Path.Combine(cache, "yarn"),
        ["YARN_ENABLE_TELEMETRY"] = "0",
        ["NPM_CONFIG_UPDATE_NOTIFIER"] = "false",
        ["NPM_CONFIG_FUND"] = "false",
        ["NPM_CONFIG_AUDIT"] = "false",
        ["NPM_CONFIG_PROGRESS"] = "false",
        ["NPM_CONFIG_YES"] = "false",
    };
}
