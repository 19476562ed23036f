using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker.Sources;

/// <summary>
/// What a repository's Dockerfile may name: nothing that only the engine's machine reaches, and no image of another app.
/// </summary>
/// <param name="engine">Knows the images that are there.</param>
/// <param name="options">The operator's base images and hosts.</param>
/// <param name="registry">Where the apps' images are published.</param>
/// <param name="artifacts">Where sources and slugs are kept.</param>
internal sealed partial class SourceRules(EngineClient engine, ImageBuilderOptions options, RegistryOptions registry, ArtifactsOptions artifacts)
{
    // A Dockerfile with more than these is of a stranger who wants to keep us busy.
    private const int MaxImages = 200;

    /// <exception cref="StepFailedException">It names something it may not; the message says what, and in which line.</exception>
    public async Task CheckAsync(BuildImage command, string name, string dockerfile, IReadOnlyDictionary<string, string> args, CancellationToken cancellation)
    {
        foreach (var arg in args.Keys.Where(arg => arg.StartsWith("BUILDKIT_", StringComparison.OrdinalIgnoreCase)))
            throw Refused(ImageBuilderTexts.ArgOfTheEngine(arg));
        var architecture = (await engine.InfoAsync(cancellation)).Architecture;
        await CheckAsync(command, name, Read(name, dockerfile, args, architecture), cancellation);
    }

    private static DockerfileSources Read(string name, string dockerfile, IReadOnlyDictionary<string, string> args, string? architecture) =>
        DockerfileSources.Of(dockerfile, args, architecture) ?? throw Refused(ImageBuilderTexts.DockerfileTooLarge(name));

    private async Task CheckAsync(BuildImage command, string file, DockerfileSources sources, CancellationToken cancellation)
    {
        foreach (var (line, frontend) in sources.Frontends.Where(frontend => !DockersOwnFrontend().IsMatch(frontend.Image)))
            throw Refused(ImageBuilderTexts.FrontendRefused(file, line, Shown(frontend)));
        foreach (var line in sources.HostNetworks)
            throw Refused(ImageBuilderTexts.HostNetwork(file, line));
        foreach (var address in sources.Addresses)
            CheckAddress(file, address);
        if (sources.Images.Select(image => image.Text).Distinct().Count() > MaxImages)
            throw Refused(ImageBuilderTexts.TooManyBases(file, MaxImages));
        foreach (var image in sources.Images.DistinctBy(image => (image.Text, image.IsCertain, image.Kind)))
            await CheckImageAsync(command, file, image, sources, cancellation);
    }

    private void CheckAddress(string file, NamedSource address)
    {
        // Of what no engine of today takes for an instruction, one of yesterday leaves out what it does not know.
        var text = (address.IsCertain ? address.Text : address.Text.Replace(Unknown, "", StringComparison.Ordinal)).Trim();
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var start = scheme < 0 ? 0 : scheme + 3;
        var end = scheme < 0 ? text.IndexOf(':', StringComparison.Ordinal) : text.IndexOfAny(['/', '?', '#'], start);
        var authority = end < 0 ? text[start..] : text[start..end];
        if (text.IndexOf(Unknown, StringComparison.Ordinal) is var untold and >= 0 && untold < start + authority.Length + 1)
            throw Refused(ImageBuilderTexts.AddressUntold(file, address.Line));
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        if (address.IsCertain || DockerfileSources.IsAddress(text))
        {
            if (!PublicHosts.Contains(WithoutPort(host)) && !IsAllowed(host))
                throw Refused(ImageBuilderTexts.AddressRefused(file, address.Line, Shown(text)));
        }
    }

    private async Task CheckImageAsync(BuildImage command, string file, NamedSource source, DockerfileSources sources, CancellationToken cancellation)
    {
        var text = source.Text;
        if (text.Contains(Unknown, StringComparison.Ordinal))
        {
            // Which tag it is does not matter.
            if (UnknownTag().Match(text) is { Success: true } known)
                text = known.Groups["repository"].Value;
            else if (source.IsCertain)
                throw Refused(ImageBuilderTexts.BaseUntold(file, source.Line));
            else
                text = text.Replace(Unknown, "", StringComparison.Ordinal);
        }

        var isStage = sources.IsStage(source with { Text = text });
        if (text == "scratch" || (isStage && !IdBeginning().IsMatch(text)) || sources.IsNumberOfStage(source))
            return;
        if (IdBeginning().IsMatch(text))
        {
            // The beginning of an id is as good as a name to an engine, and the images of all apps have one.
            var found = await engine.FindImageAsync(text, cancellation);
            if (found is null && isStage)
                return;
            if (found is null || !found.Tags.Contains(text + ":latest"))
                throw Refused(ImageBuilderTexts.BaseById(file, source.Line, Shown(text)));
        }

        if (ImageReference.TryParse(text, out var image))
            await CheckImageAsync(command, file, source, image, cancellation);
        else if (source.IsCertain)
            throw Refused(ImageBuilderTexts.NotAnImage(file, source.Line, Shown(text)));
    }

    private async Task CheckImageAsync(BuildImage command, string file, NamedSource source, ImageReference image, CancellationToken cancellation)
    {
        if (IsOperators(image))
            return;
        if (image.Domain != ImageReference.Hub && !PublicHosts.Contains(WithoutPort(image.Domain)) && !IsAllowed(image.Domain) && !IsRegistry(image))
            throw Refused(ImageBuilderTexts.RegistryRefused(file, source.Line, image.ToString()));
        if (IsOfAnother(image, command.App))
            throw Refused(ImageBuilderTexts.BaseOfAnother(file, source.Line, image.ToString()));
        if (await engine.FindImageAsync(image.ToString(), cancellation) is not { } found)
            return;
        // Labels prove nothing for an image, but enough against it.
        if (found.Labels.Keys.Any(ImageLabels.IsOfPlatform) && found.App != command.AppId)
            throw Refused(ImageBuilderTexts.BaseOfAnother(file, source.Line, image.ToString()));
        if (found.Tags.Concat(found.Digests).Any(name => ImageReference.TryParse(name, out var other) && IsOfAnother(other, command.App)))
            throw Refused(ImageBuilderTexts.BaseOfAnother(file, source.Line, image.ToString()));
        if (source.Kind == SourceKind.Base && found.OnBuild.Count > 0)
            await CheckAsync(command, image.ToString(), Read(image.ToString(), string.Join('\n', found.OnBuild), new Dictionary<string, string>(), null), cancellation);
    }

    /// <summary>Whether a name is one that only the platform gives, and not to this app.</summary>
    private bool IsOfAnother(ImageReference image, string app)
    {
        if (image.Repository.StartsWith(AppImages.Namespace, StringComparison.Ordinal))
            return image.Repository != AppImages.RepositoryOf(app);
        if (artifacts.Registry is { Length: > 0 } store && PartsOf(new Uri(store)) is var (host, kept) && IsSameHost(image.Domain, host)
            && image.Path == (kept.Length == 0 ? "paas/artifacts" : kept))
        {
            return true;
        }

        if (!IsRegistry(image))
            return false;
        var path = PartsOf(new Uri(registry.Url!)).Path;
        if (path.Length > 0)
            return image.Path.StartsWith(path + "/", StringComparison.Ordinal) && image.Path != $"{path}/{app}";
        // Without a path of their own, the apps' images are next to the operator's, which have one.
        return !image.Path.Contains('/', StringComparison.Ordinal) && image.Path != app;
    }

    private bool IsRegistry(ImageReference image) => registry.Url is { Length: > 0 } url && IsSameHost(image.Domain, PartsOf(new Uri(url)).Host);

    private bool IsOperators(ImageReference image) =>
        options.BaseImages.All.Any(own => ImageReference.TryParse(own.Replace("{version}", "1", StringComparison.Ordinal), out var known) && known.Repository == image.Repository && known.Domain != ImageReference.Hub);

    private bool IsAllowed(string host) => options.AllowedHosts.Any(allowed =>
        allowed.Equals(host, StringComparison.OrdinalIgnoreCase) || allowed.Equals(WithoutPort(host), StringComparison.OrdinalIgnoreCase));

    private static (string Host, string Path) PartsOf(Uri url) => (url.Authority, url.AbsolutePath.Trim('/'));

    private static bool IsSameHost(string one, string other) => StandardPort().Replace(one, "").Equals(StandardPort().Replace(other, ""), StringComparison.OrdinalIgnoreCase);

    private static string WithoutPort(string host) => Port().Replace(host, "");

    private static string Shown(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character)) is { Length: > 200 } longer ? longer[..200] + "…" : text;

    private static StepFailedException Refused(string message) => new(FailureReason.BuildFailed, message);

    private static string Unknown => DockerfileVariables.Unknown.ToString();

    // The frontends of Docker's own: another one could fetch whatever it likes.
    [GeneratedRegex(@"\A(docker\.io/)?docker/dockerfile(:(latest|labs|1(\.[0-9]+){0,2}(-labs)?))?(@sha256:[0-9a-f]{64})?\z")]
    private static partial Regex DockersOwnFrontend();

    [GeneratedRegex(@"\A(sha256:)?[0-9a-f]{1,64}\z")]
    private static partial Regex IdBeginning();

    [GeneratedRegex(@"\A(?<repository>[^\0]*[^\0/]):[^/]*\z")]
    private static partial Regex UnknownTag();

    [GeneratedRegex(@":[0-9]*\z")]
    private static partial Regex Port();

    [GeneratedRegex(@":(80|443)\z")]
    private static partial Regex StandardPort();
}
