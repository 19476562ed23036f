using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.ImagePublisher;

/// <summary>Section <c>ImagePublisher</c>.</summary>
public sealed class ImagePublisherOptions : IValidatableObject
{
    public const string Section = "ImagePublisher";

    /// <summary>How many images of each app stay on the engine, besides those that containers use.</summary>
    public int KeepImages { get; set; } = 5;

    /// <summary>How long nobody may publish from an engine, until what it has built is built again on another.</summary>
    public TimeSpan EngineTimeout { get; set; } = TimeSpan.FromMinutes(1);

    // The generated validator drops the messages of [Range].
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (KeepImages < 1)
            yield return new(ImagePublisherTexts.WrongKeepImages());
        if (EngineTimeout < TimeSpan.FromSeconds(1) || EngineTimeout > TimeSpan.FromHours(1))
            yield return new(ImagePublisherTexts.WrongEngineTimeout());
    }
}

[OptionsValidator]
public sealed partial class ImagePublisherOptionsValidator : IValidateOptions<ImagePublisherOptions>;
