using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.ImageBuilder;

/// <summary>Section <c>ImageBuilder</c>. How many builds run at once is <c>Steps:BuildImage:Concurrency</c>.</summary>
public sealed class ImageBuilderOptions : IValidatableObject
{
    public const string Section = "ImageBuilder";

    /// <summary>The name of this builder in messages; it has to stay the same from start to start.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>How long one build may take. Keep it below <c>Steps:BuildImage:Deadline</c>.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How much the sources, and afterwards the slug, may hold.</summary>
    public long MaxSlugBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>How many files and folders the sources, and afterwards the slug, may hold.</summary>
    public int MaxSlugFiles { get; set; } = 500_000;

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
    }
}

[OptionsValidator]
public sealed partial class ImageBuilderOptionsValidator : IValidateOptions<ImageBuilderOptions>;
