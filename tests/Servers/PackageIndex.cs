using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Paas.Servers;

/// <summary>
/// A package registry for builds, which can't reach the world's: pip and npm each find the package <c>greeting</c> 1.0.0,
/// which says <c>hello</c>, and pip what it builds packages with.
/// </summary>
public sealed class PackageIndex : IDisposable
{
    private const string Wheel = "greeting-1.0.0-py3-none-any.whl";
    private const string Tarball = "greeting-1.0.0.tgz";
    private const string WheelPackage = "/usr/lib/python3/dist-packages/wheel";
    private const string Wheels = "/usr/share/python-wheels";
    private static readonly byte[] NpmPackage = MakeTarball();
    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, (string Type, byte[] Content)> _files = [];

    private PackageIndex(string url) => Url = url;

    /// <summary>Without a slash at its end.</summary>
    public string Url { get; }

    /// <summary>For <c>PIP_INDEX_URL</c>.</summary>
    public string Python => $"{Url}/simple";

    /// <summary>What was asked for, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <param name="address">Of this machine, which the containers reach.</param>
    public static PackageIndex Start(string address)
    {
        var index = new PackageIndex($"http://{address}:{Ports.Free()}");
        index.AddWheel("greeting", Wheel, MakeWheel());
        foreach (var wheel in Directory.Exists(Wheels) ? Directory.GetFiles(Wheels, "*.whl") : [])
            index.AddWheel(Path.GetFileName(wheel).Split('-')[0], Path.GetFileName(wheel), File.ReadAllBytes(wheel));
        if (Directory.Exists(WheelPackage))
            index.AddWheel("wheel", "wheel-0.38.4-py3-none-any.whl", PackWheelItself());
        index._files[$"/greeting/-/{Tarball}"] = ("application/octet-stream", NpmPackage);
        index._files["/greeting"] = ("application/json", Encoding.UTF8.GetBytes(
            $$$"""{"name":"greeting","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"greeting","version":"1.0.0","dist":{{{index.Dist}}} } } }"""));
        index._listener.Prefixes.Add(index.Url + "/");
        index._listener.Start();
        _ = index.ServeAsync();
        return index;
    }

    /// <summary>A <c>package-lock.json</c> for an app with that package alone.</summary>
    public string NpmLock(string kind = "dependencies") =>
        $$$"""
        {"name":"app","lockfileVersion":3,"requires":true,"packages":{
          "":{"name":"app","{{{kind}}}":{"greeting":"1.0.0"} },
          "node_modules/greeting":{"version":"1.0.0",{{{(kind == "dependencies" ? "" : "\"dev\":true,")}}}"resolved":"{{{Url}}}/greeting/-/{{{Tarball}}}","integrity":"{{{Integrity}}}"} } }
        """;

    public void Dispose() => _listener.Close();

    private static string Integrity => "sha512-" + Convert.ToBase64String(SHA512.HashData(NpmPackage));

    private string Dist => $"{{\"tarball\":\"{Url}/greeting/-/{Tarball}\",\"integrity\":\"{Integrity}\"}}";

    private void AddWheel(string name, string file, byte[] content)
    {
        _files[$"/simple/{name}/"] = ("text/html", Encoding.UTF8.GetBytes($"<!DOCTYPE html><html><body><a href=\"/files/{file}\">{file}</a></body></html>"));
        _files[$"/files/{file}"] = ("application/octet-stream", content);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var path = context.Request.Url!.AbsolutePath;
            Requests.Enqueue(path);
            try
            {
                if (_files.TryGetValue(path, out var file))
                {
                    context.Response.ContentType = file.Type;
                    await context.Response.OutputStream.WriteAsync(file.Content);
                }
                else
                {
                    context.Response.StatusCode = 404;
                }

                context.Response.Close();
            }
            catch (HttpListenerException)
            {
                // Who asked has gone away.
            }
        }
    }

    private static byte[] MakeWheel() => MakeWheel("greeting", "1.0.0", [("greeting.py", "WORD = 'hello'\n")]);

    /// <summary>Debian has it unpacked only, and setuptools can't do without.</summary>
    private static byte[] PackWheelItself() => MakeWheel("wheel", "0.38.4",
    [
        .. Directory.GetFiles(WheelPackage, "*.py", SearchOption.AllDirectories).Select(file => ("wheel" + file[WheelPackage.Length..], File.ReadAllText(file))),
        ("wheel-0.38.4.dist-info/entry_points.txt", "[distutils.commands]\nbdist_wheel = wheel.bdist_wheel:bdist_wheel\n"),
    ]);

    private static byte[] MakeWheel(string name, string version, (string Path, string Content)[] files)
    {
        var info = $"{name}-{version}.dist-info";
        var all = files.Concat(
        [
            ($"{info}/METADATA", $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            ($"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ]).ToList();
        all.Add(($"{info}/RECORD", string.Concat(all.Select(file => $"{file.Item1},,\n"))));
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            foreach (var (path, content) in all)
            {
                using var entry = zip.CreateEntry(path).Open();
                entry.Write(Encoding.UTF8.GetBytes(content));
            }
        }

        return stream.ToArray();
    }

    private static byte[] MakeTarball()
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            Add("package/package.json", """{"name":"greeting","version":"1.0.0","main":"index.js"}""");
            Add("package/index.js", "exports.word = 'hello';\n");

            void Add(string path, string content) =>
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
        }

        return stream.ToArray();
    }
}
