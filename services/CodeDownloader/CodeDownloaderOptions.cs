using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.CodeDownloader;

/// <summary>Section <c>CodeDownloader</c>. What may be fetched is in <see cref="Hosting.Source.SourceOptions"/>.</summary>
public sealed class CodeDownloaderOptions
{
    public const string Section = "CodeDownloader";

    /// <summary>A cache that was not used for so long is removed; the app's next fetch begins anew.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00", ErrorMessage = "CodeDownloader__KeepCachesFor has to be between a second and ten years.")]
    public TimeSpan KeepCachesFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>A cache with so many packs, one for each fetch, is packed anew.</summary>
    [Range(2, 1_000, ErrorMessage = "CodeDownloader__RepackAfter has to be between 2 and 1000.")]
    public int RepackAfter { get; set; } = 20;

    /// <summary>How much address space each process of git may have; a repository that needs more is refused.</summary>
    [Range(256L << 20, 64L << 30, ErrorMessage = "CodeDownloader__GitMemoryBytes has to be between 256 MiB and 64 GiB.")]
    public long GitMemoryBytes { get; set; } = 1L << 30;

    /// <summary>How long to wait for a branch that still points to what it did before the push that was delivered.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00", ErrorMessage = "CodeDownloader__HeadPatience has to be between nothing and ten minutes.")]
    public TimeSpan HeadPatience { get; set; } = TimeSpan.FromSeconds(7);
}

[OptionsValidator]
public sealed partial class CodeDownloaderOptionsValidator : IValidateOptions<CodeDownloaderOptions>;
