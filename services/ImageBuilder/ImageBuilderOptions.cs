using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.ImageBuilder;

/// <summary>Section <c>ImageBuilder</c>. How many builds run at once is <c>Steps:BuildImage:Concurrency</c>.</summary>
public sealed class ImageBuilderOptions
{
    public const string Section = "ImageBuilder";

    /// <summary>The name of this builder in messages; it has to stay the same from start to start.</summary>
    [Required(ErrorMessage = "ImageBuilder__Name has to name this builder, or be left out for the name of the machine.")]
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>How long one build may take. Keep it below <c>Steps:BuildImage:Deadline</c>.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "ImageBuilder__Timeout has to be between one second and one day, such as 00:20:00.")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How much the sources, and afterwards the slug, may hold.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "ImageBuilder__MaxSlugBytes has to be a number of bytes above 0.")]
    public long MaxSlugBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>How many files and folders the sources, and afterwards the slug, may hold.</summary>
    [Range(1, int.MaxValue, ErrorMessage = "ImageBuilder__MaxSlugFiles has to be a number above 0.")]
    public int MaxSlugFiles { get; set; } = 500_000;
}

[OptionsValidator]
public sealed partial class ImageBuilderOptionsValidator : IValidateOptions<ImageBuilderOptions>;
