using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Paas.CodeDownloader.Tests.Fixtures;

/// <summary>A git server's answers, made by hand: what no real git would send.</summary>
internal static class HostileGit
{
    public const string Commit = "1111111111111111111111111111111111111111";

    /// <summary>Answers as a server of protocol version 2 that has one branch, and sends these bytes as its pack.</summary>
    public static Func<HttpContext, Task<bool>> WithPack(byte[] pack) => async context =>
    {
        var body = context.Response.Body;
        if (context.Request.Method == "GET")
        {
            context.Response.ContentType = "application/x-git-upload-pack-advertisement";
            await body.WriteAsync(Lines("# service=git-upload-pack\n", null, "version 2\n", "agent=test\n", "ls-refs\n", "fetch=shallow\n", "object-format=sha1\n", null));
            return true;
        }

        using var reader = new StreamReader(context.Request.Body);
        var asked = await reader.ReadToEndAsync();
        context.Response.ContentType = "application/x-git-upload-pack-result";
        if (asked.Contains("command=ls-refs", StringComparison.Ordinal))
        {
            await body.WriteAsync(Lines($"{Commit} refs/heads/main\n", null));
            return true;
        }

        await body.WriteAsync(Lines("packfile\n"));
        foreach (var part in pack.Chunk(60_000))
            await body.WriteAsync(Packet([1, .. part]));
        await body.WriteAsync("0000"u8.ToArray());
        return true;
    };

    /// <summary>Lists branches until nobody listens any more.</summary>
    public static Func<HttpContext, Task<bool>> WithEndlessRefs(bool inVersion2) => async context =>
    {
        var body = context.Response.Body;
        if (context.Request.Method == "GET")
        {
            context.Response.ContentType = "application/x-git-upload-pack-advertisement";
            await body.WriteAsync(inVersion2
                ? Lines("# service=git-upload-pack\n", null, "version 2\n", "ls-refs\n", "fetch=shallow\n", "object-format=sha1\n", null)
                : Lines("# service=git-upload-pack\n", null, $"{Commit} HEAD\0agent=test\n"));
            if (inVersion2)
                return true;
        }

        context.Response.ContentType ??= "application/x-git-upload-pack-result";
        for (var i = 0; !context.RequestAborted.IsCancellationRequested; i++)
        {
            await body.WriteAsync(Lines([.. Enumerable.Range(0, 1_000).Select(n => $"{Commit} refs/heads/{i}-{n}-{new string('b', 100)}\n")]), context.RequestAborted);
        }

        return true;
    };

    /// <summary>A pack of some kilobytes with one delta, which unfolds to so many times 16 MiB.</summary>
    public static byte[] DeltaBomb(int times)
    {
        const int baseBytes = 16 << 20;
        var copies = new MemoryStream();
        WriteSize(copies, baseBytes);
        WriteSize(copies, (long)times * (baseBytes - 1));
        for (var i = 0; i < times; i++)
            copies.Write([0x80 | 0x70, 0xff, 0xff, 0xff]);
        var pack = new MemoryStream();
        pack.Write("PACK"u8);
        pack.Write([0, 0, 0, 2, 0, 0, 0, 2]);
        var content = new byte[baseBytes];
        var id = HashAsGit([.. Encoding.ASCII.GetBytes($"blob {baseBytes}\0"), .. content]);
        WriteObject(pack, type: 3, baseBytes, [], content);
        WriteObject(pack, type: 7, copies.Length, id, copies.ToArray());
        pack.Write(HashAsGit(pack.ToArray()));
        return pack.ToArray();
    }

    /// <summary>A pack with one object, whose compressed bytes are these.</summary>
    public static byte[] Pack(byte[] compressed)
    {
        var pack = new MemoryStream();
        pack.Write("PACK"u8);
        pack.Write([0, 0, 0, 2, 0, 0, 0, 1, 0x35]);
        pack.Write(compressed);
        pack.Write(HashAsGit(pack.ToArray()));
        return pack.ToArray();
    }

    public static byte[] Lines(params string?[] lines) =>
        [.. lines.SelectMany(line => line is null ? "0000"u8.ToArray() : Packet(Encoding.UTF8.GetBytes(line)))];

    private static byte[] Packet(byte[] content) =>
        [.. Encoding.ASCII.GetBytes((content.Length + 4).ToString("x4", CultureInfo.InvariantCulture)), .. content];

    private static void WriteObject(Stream pack, int type, long size, byte[] baseId, byte[] content)
    {
        var first = (type << 4) | (int)(size & 15);
        for (size >>= 4; size > 0; size >>= 7)
        {
            pack.WriteByte((byte)(first | 0x80));
            first = (int)(size & 0x7f);
        }

        pack.WriteByte((byte)first);
        pack.Write(baseId);
        using var zlib = new ZLibStream(pack, CompressionLevel.SmallestSize, leaveOpen: true);
        zlib.Write(content);
    }

    private static void WriteSize(Stream stream, long size)
    {
        for (; size > 0x7f; size >>= 7)
            stream.WriteByte((byte)(size | 0x80));
        stream.WriteByte((byte)size);
    }

    /// <summary>Git's own checksum, which is SHA-1.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The pack format asks for it.")]
    private static byte[] HashAsGit(byte[] content) => SHA1.HashData(content);
}
