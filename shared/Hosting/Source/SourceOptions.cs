using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Paas.Hosting.Source;

/// <summary>Which repositories may be deployed, and how large they may be. Section <c>Source</c>.</summary>
public sealed class SourceOptions
{
    public const string Section = "Source";

    /// <summary>Whether repositories on this machine (<c>file:///…</c>) may be fetched.</summary>
    public bool AllowFile { get; set; }

    /// <summary>A folder on this machine whose repositories may be fetched all the same; no setting.</summary>
    internal string? OwnRepositories { get; set; }

    /// <summary>
    /// If not empty, the only hosts to fetch from: <c>github.com</c> or <c>git.example.com:8443</c>, over https;
    /// <c>http://git.example.com</c> for one that is fetched from over http.
    /// </summary>
    public List<string> AllowedHosts { get; } = [];

    [Range(1, long.MaxValue, ErrorMessage = "Source__MaxSourceBytes has to be at least 1.")]
    public long MaxSourceBytes { get; set; } = 512L << 20;

    [Range(1, int.MaxValue, ErrorMessage = "Source__MaxFiles has to be at least 1.")]
    public int MaxFiles { get; set; } = 50_000;

    [Range(1, long.MaxValue, ErrorMessage = "Source__MaxFileBytes has to be at least 1.")]
    public long MaxFileBytes { get; set; } = 256L << 20;

    /// <summary>How much may be received, compressed, in one fetch.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "Source__MaxFetchBytes has to be at least 1.")]
    public long MaxFetchBytes { get; set; } = 1L << 30;

    /// <summary>How long one call of a git server may take; below the deadline of the step.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Source__FetchTimeout has to be between a second and a day.")]
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromMinutes(5);
}

[OptionsValidator]
public sealed partial class SourceOptionsValidator : IValidateOptions<SourceOptions>;

public static class SourceSetup
{
    /// <summary>Adds <see cref="SourceOptions"/>, once, however many services of one process ask for them.</summary>
    public static IServiceCollection AddSourceOptions(this IServiceCollection services)
    {
        if (services.Any(service => service.ImplementationType == typeof(SourceOptionsValidator)))
            return services;
        services.AddOptions<SourceOptions>().BindConfiguration(SourceOptions.Section)
            .Configure<IConfiguration>((options, configuration) =>
            {
                // A plain value would be passed over by the binder, and the list would not narrow anything.
                var list = configuration[$"{SourceOptions.Section}:{nameof(SourceOptions.AllowedHosts)}"] ?? "";
                options.AllowedHosts.AddRange(list.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries));
            })
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SourceOptions>, SourceOptionsValidator>());
        return services;
    }
}
