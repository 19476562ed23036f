using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace Paas.Gateway.Http;

/// <summary>A request's JSON object. A member that is not known is refused by name, not passed over.</summary>
internal sealed class JsonBody<T> : IBindableFromHttpContext<JsonBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerOptions.Web) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
    private static readonly JsonDocumentOptions DocumentOptions = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly T? _value;

    private JsonBody(T? value) => _value = value;

    /// <summary>Null if the request came without a body.</summary>
    public T? Optional => _value;

    public T Required => _value ?? throw ProblemException.Malformed(GatewayTexts.BodyMissing(Members));

    private static IEnumerable<string> Members => Options.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name);

    public static async ValueTask<JsonBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var request = context.Request;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } || request.ContentLength == 0)
            return new(null);
        if (!request.HasJsonContentType())
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, GatewayTexts.MediaTypeTitle(), GatewayTexts.MediaType(request.ContentType));
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, DocumentOptions, context.RequestAborted);
            return new(Read(document.RootElement));
        }
        catch (JsonException exception)
        {
            throw ProblemException.Malformed(GatewayTexts.JsonMalformed(exception.LineNumber, exception.BytePositionInLine));
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T), isOptional: true));

    private static T Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw ProblemException.Malformed(GatewayTexts.JsonNotAnObject());
        var type = Options.GetTypeInfo(typeof(T));
        foreach (var member in root.EnumerateObject())
        {
            if (type.Kind == JsonTypeInfoKind.Object && !type.Properties.Any(known => string.Equals(known.Name, member.Name, StringComparison.OrdinalIgnoreCase)))
                throw ProblemException.Invalid(GatewayTexts.Shorten(member.Name), GatewayTexts.MemberUnknown(member.Name, Members));
        }

        try
        {
            return root.Deserialize<T>(Options)!;
        }
        catch (JsonException exception)
        {
            var field = (exception.Path ?? "").TrimStart('$', '.');
            throw ProblemException.Invalid(GatewayTexts.Shorten(field), GatewayTexts.MemberOfWrongType(field));
        }
        catch (InvalidOperationException)
        {
            // A string with half of a surrogate pair.
            throw ProblemException.Malformed(GatewayTexts.JsonTextMalformed());
        }
    }
}
