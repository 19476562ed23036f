using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Paas.Hosting.Artifacts;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// The context of a build: the source archive as it is read from the store, entry by entry, less what the build is not
/// to see. Neither on disk nor in memory is there more than a piece of it.
/// </summary>
/// <param name="artifacts">Has the archive.</param>
/// <param name="sourceDigest">Of the archive.</param>
/// <param name="files">Which entries go in.</param>
/// <param name="folder">The folder of the context they go into, with a slash at its end; empty for its root.</param>
/// <param name="dockerfile">A file to be added.</param>
internal sealed class BuildContext(
    IArtifactStore artifacts, string sourceDigest, ContextFiles files, string folder, (string Name, string Text)? dockerfile) : HttpContent
{
    private const int BufferSize = 64 * 1024;
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var buffer = new BufferedStream(new Unclosed(stream), BufferSize);
        await using (var tar = new TarWriter(buffer, TarEntryFormat.Gnu, leaveOpen: true))
        {
            if (dockerfile is { } added)
            {
                using var text = new MemoryStream(Encoding.UTF8.GetBytes(added.Text));
                await tar.WriteEntryAsync(Entry(TarEntryType.RegularFile, added.Name, DateTimeOffset.UnixEpoch, Readable, text), cancellationToken);
            }

            if (folder.Length > 0)
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, folder, DateTimeOffset.UnixEpoch, Readable | Executable), cancellationToken);
            await using var archive = await artifacts.OpenAsync(sourceDigest, cancellationToken);
            await CopyAsync(archive, tar, cancellationToken);
        }

        await buffer.FlushAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    /// <summary>Content and type as the engine wants them.</summary>
    public BuildContext AsTar()
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return this;
    }

    private async Task CopyAsync(Stream archive, TarWriter tar, CancellationToken cancellation)
    {
        await using var source = new TarReader(archive, leaveOpen: true);
        while (await SourceTree.NextAsync(source, cancellation) is { } entry)
        {
            if (SourceTree.PathOf(entry) is not { } path || files.Within(path) is not { } within)
                continue;
            var mode = Readable | ((entry.Mode & Executable) != 0 ? Executable : UnixFileMode.None);
            var copy = entry.EntryType switch
            {
                TarEntryType.Directory => Entry(TarEntryType.Directory, folder + within + "/", entry.ModificationTime, Readable | Executable),
                TarEntryType.SymbolicLink => Entry(TarEntryType.SymbolicLink, folder + within, entry.ModificationTime, Readable | Executable),
                _ => Entry(TarEntryType.RegularFile, folder + within, entry.ModificationTime, mode, entry.DataStream),
            };
            if (entry.EntryType is TarEntryType.SymbolicLink)
                copy.LinkName = entry.LinkName;
            await tar.WriteEntryAsync(copy, cancellation);
        }
    }

    private static GnuTarEntry Entry(TarEntryType type, string name, DateTimeOffset time, UnixFileMode mode, Stream? content = null)
    {
        var entry = new GnuTarEntry(type, name) { ModificationTime = time, AccessTime = time, ChangeTime = time, Mode = mode };
        if (content is not null)
            entry.DataStream = content;
        return entry;
    }

    /// <summary>The connection's stream is not ours to close.</summary>
    private sealed class Unclosed(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            inner.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
