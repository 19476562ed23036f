using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Paas.ImageBuilder.Docker;

namespace Paas.ImageBuilder;

/// <summary>Section <c>ImageBuilder</c>. How many builds run at once is <c>Steps:BuildImage:Concurrency</c>.</summary>
public sealed partial class ImageBuilderOptions : IValidatableObject
{
    public const string Section = "ImageBuilder";

    private const long MinMemory = 16 * 1024 * 1024;

    /// <summary>The name of this builder in messages; it has to stay the same from start to start.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>How long one build may take. Keep it below <c>Steps:BuildImage:Deadline</c>.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How much the sources, and afterwards the slug, may hold.</summary>
    public long MaxSlugBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>How many files and folders the sources, and afterwards the slug, may hold.</summary>
    public int MaxSlugFiles { get; set; } = 500_000;

    /// <summary>The most memory a step of a Dockerfile may use; null for no limit. The classic builder keeps it.</summary>
    public long? BuildMemoryBytes { get; set; }

    /// <summary>How many processors a step of a Dockerfile may keep busy; null for all. The classic builder keeps it.</summary>
    public double? BuildCpus { get; set; }

    /// <summary>
    /// The control group, made beforehand with limits of its own, in which the steps of all Dockerfiles run; null for the
    /// engine's. The classic builder keeps to it.
    /// </summary>
    public string? BuildCgroup { get; set; }

    /// <summary>How large an image may be, its base image included.</summary>
    public long MaxImageBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>
    /// Hosts that Dockerfiles may name though they are none of the internet: <c>registry.local:5000</c>, <c>10.0.0.5</c>.
    /// </summary>
    public string[] AllowedHosts { get; set; } = [];

    /// <summary>What generated Dockerfiles begin with.</summary>
    public BaseImages BaseImages { get; set; } = new();

    // The generated validator drops the messages of [Range].
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Name.Length == 0)
            yield return new(ImageBuilderTexts.NoName());
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromDays(1))
            yield return new(ImageBuilderTexts.WrongTimeout());
        if (MaxSlugBytes < 1)
            yield return new(ImageBuilderTexts.NotPositive("ImageBuilder__MaxSlugBytes"));
        if (MaxSlugFiles < 1)
            yield return new(ImageBuilderTexts.NotPositive("ImageBuilder__MaxSlugFiles"));
        if (BuildMemoryBytes < MinMemory)
            yield return new(ImageBuilderTexts.WrongMemory());
        if (BuildCpus is < 0.01 or > 1024 or double.NaN)
            yield return new(ImageBuilderTexts.WrongCpus());
        if (BuildCgroup is not null && !CgroupName().IsMatch(BuildCgroup))
            yield return new(ImageBuilderTexts.WrongCgroup(BuildCgroup));
        if (MaxImageBytes < 1)
            yield return new(ImageBuilderTexts.NotPositive("ImageBuilder__MaxImageBytes"));
        foreach (var wrong in BaseImages.Validate())
            yield return wrong;
    }

    // A path, or a slice where systemd has the groups.
    [GeneratedRegex(@"\A((/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+|[A-Za-z0-9_-]+\.slice)\z")]
    private static partial Regex CgroupName();
}

[OptionsValidator]
public sealed partial class ImageBuilderOptionsValidator : IValidateOptions<ImageBuilderOptions>;
