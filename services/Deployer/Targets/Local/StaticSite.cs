using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Local;

/// <summary>Answers requests with the files of a folder, and with nothing the folder's owner did not mean to publish.</summary>
internal sealed partial class StaticSite
{
    private const string Index = "index.html";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new()
    {
        Mappings = { [".md"] = "text/markdown", [".mjs"] = "text/javascript", [".webmanifest"] = "application/manifest+json" },
    };

    private readonly string _root;
    private readonly EntityTagHeaderValue _etag;
    private readonly DateTimeOffset _modified;

    /// <param name="slug">The folder nothing outside of which is served.</param>
    /// <param name="root">The folder with the files, within <paramref name="slug"/>; null for all of it.</param>
    /// <param name="digest">The slug's digest: it changes with the content.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder in the slug.</exception>
    public StaticSite(string slug, string? root, string digest)
    {
        var realSlug = RealPath.Of(slug) ?? throw new DirectoryNotFoundException(slug);
        _root = RealPath.Of(Path.Combine(realSlug, root ?? "")) is { } found && Directory.Exists(found) && RealPath.IsWithin(found, realSlug)
            ? found : throw new DirectoryNotFoundException(root);
        // The files of a slug carry no times of their own, so neither their times nor their lengths tell them apart.
        _etag = new EntityTagHeaderValue($"\"{digest[(digest.IndexOf(':', StringComparison.Ordinal) + 1)..][..16]}\"");
        _modified = Directory.GetLastWriteTimeUtc(slug);
    }

    public Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed).ExecuteAsync(context);
        }

        var path = context.Request.Path.Value ?? "/";
        if (path.EndsWith('/'))
            return Find(path + Index) is { } index ? SendAsync(context, index) : NotFoundAsync(context);
        if (Find(path) is { } file)
            return SendAsync(context, file);
        if (Find(path + "/" + Index) is not null)
            return RedirectToFolder(context, path);
        return Find(path + ".html") is { } page ? SendAsync(context, page) : NotFoundAsync(context);
    }

    /// <summary>The file for a path of a URL, if it may be served.</summary>
    internal string? Find(string path)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.AsSpan().ContainsAny('\0', '\\') || !AreAllPublic(names))
            return null;
        var found = RealPath.Of(Path.Combine([_root, .. names]));
        // A link must lead neither out of the site nor to a hidden file in it.
        return found is not null && File.Exists(found) && RealPath.IsWithin(found, _root) && AreAllPublic(Path.GetRelativePath(_root, found).Split('/'))
            ? found : null;
    }

    private static bool AreAllPublic(string[] names) => names.All(name => !name.StartsWith('.') || name == ".well-known");

    private static Task RedirectToFolder(HttpContext context, string path)
    {
        // Two slashes in front would name another host.
        var folder = "/" + path.Trim('/') + "/";
        context.Response.Headers.Location = new PathString(folder).ToUriComponent() + context.Request.QueryString;
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        return Task.CompletedTask;
    }

    private Task SendAsync(HttpContext context, string file)
    {
        context.Response.Headers.CacheControl = Fingerprint().IsMatch(Path.GetFileName(file))
            ? "public, max-age=31536000, immutable"
            : "no-cache"; // keep it, but ask whether it is still right
        return TypedResults.PhysicalFile(file, ContentTypeOf(file), lastModified: _modified, entityTag: _etag, enableRangeProcessing: true)
            .ExecuteAsync(context);
    }

    private async Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.Headers.CacheControl = "no-cache";
        var page = Find("/404.html");
        context.Response.ContentType = page is null ? "text/plain; charset=utf-8" : ContentTypeOf(page);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        if (page is null)
            await context.Response.WriteAsync(DeployerTexts.PageNotFound(), context.RequestAborted);
        else
            await context.Response.SendFileAsync(page, context.RequestAborted);
    }

    private static string ContentTypeOf(string file)
    {
        if (!ContentTypes.TryGetContentType(file, out var type))
            return "application/octet-stream";
        return type.StartsWith("text/", StringComparison.Ordinal) || type is "application/json" or "application/javascript" or "image/svg+xml"
            ? type + "; charset=utf-8" : type;
    }

    /// <summary>A name that changes with its content, as bundlers make them: <c>app.3f2a9c01.js</c>.</summary>
    [GeneratedRegex(@"[.-][0-9a-f]{8,64}\.[A-Za-z0-9]+(\.map)?$")]
    private static partial Regex Fingerprint();
}
