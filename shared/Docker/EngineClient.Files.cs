using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    /// <summary>A folder or file of a container, whether that runs or not; what is mounted there counts.</summary>
    /// <param name="id">The container.</param>
    /// <param name="path">Absolute, in the container.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public Task<ContainerFile?> FindFileAsync(string id, string path, CancellationToken cancellation) =>
        ReadArchiveAsync(id, path, (entry, _) => Task.FromResult<ContainerFile?>(new(entry.Uid, entry.Gid, entry.Mode, entry.ModificationTime)), cancellation);

    /// <summary>The text of a file of a container, whether that runs or not.</summary>
    /// <param name="id">The container.</param>
    /// <param name="path">Absolute, in the container.</param>
    /// <param name="maxBytes">More is not read.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>Null if there is no such file, or it is a link or larger.</returns>
    /// <inheritdoc cref="FindFileAsync"/>
    public Task<string?> ReadFileAsync(string id, string path, int maxBytes, CancellationToken cancellation) => ReadArchiveAsync(id, path, async (entry, stop) =>
    {
        if (entry is not { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: { } content } || entry.Length > maxBytes)
            return null;
        using var reader = new StreamReader(content, Encoding.UTF8);
        return await reader.ReadToEndAsync(stop);
    }, cancellation);

    /// <summary>Gives a folder of a container to a user, and nothing that is in it.</summary>
    /// <param name="id">The container.</param>
    /// <param name="path">Absolute, in the container.</param>
    /// <param name="folder">Whose it is to be.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <inheritdoc cref="FindFileAsync"/>
    // The engine merges it with the folder that is there.
    public Task SetFolderAsync(string id, string path, ContainerFile folder, CancellationToken cancellation) =>
        WriteArchiveAsync(id, $"set the owner of {path}", [new PaxTarEntry(TarEntryType.Directory, path.Trim('/') + "/")
        {
            Uid = folder.Uid,
            Gid = folder.Gid,
            Mode = folder.Mode,
            ModificationTime = folder.ModificationTime,
        }], cancellation);

    /// <summary>Puts a file of root's, which all users of the container may read, into a folder of a container that does not run.</summary>
    /// <param name="id">The container.</param>
    /// <param name="folder">Absolute, in the container; made if it is not there.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="text">What it says.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <inheritdoc cref="FindFileAsync"/>
    public Task WriteFileAsync(string id, string folder, string name, string text, CancellationToken cancellation)
    {
        const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return WriteArchiveAsync(id, $"write {folder}/{name}", [
            new PaxTarEntry(TarEntryType.Directory, folder.Trim('/') + "/") { Mode = Read | Enter | UnixFileMode.UserWrite },
            new PaxTarEntry(TarEntryType.RegularFile, $"{folder.Trim('/')}/{name}") { Mode = Read, DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) },
        ], cancellation);
    }

    private async Task WriteArchiveAsync(string id, string what, IEnumerable<TarEntry> entries, CancellationToken cancellation)
    {
        using var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in entries)
                await tar.WriteEntryAsync(entry, cancellation);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ShortAnswer);
        using var content = new ByteArrayContent(archive.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-tar") } };
        using var response = await AwayAsync(
            SendAsync(HttpMethod.Put, $"containers/{Escape(id)}/archive?path=%2F", what, content, null, limit.Token), cancellation);
    }

    /// <summary>Reads the first entry of what the engine packs, and none of what may follow.</summary>
    private async Task<T?> ReadArchiveAsync<T>(string id, string path, Func<TarEntry, CancellationToken, Task<T?>> read, CancellationToken cancellation)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ShortAnswer);
        try
        {
            using var response = await SendAsync(HttpMethod.Get, $"containers/{Escape(id)}/archive?path={Escape(path)}", $"read {path}", null, null, limit.Token);
            await using var tar = new TarReader(await response.Content.ReadAsStreamAsync(limit.Token));
            return await tar.GetNextEntryAsync(copyData: false, limit.Token) is { } entry ? await read(entry, limit.Token) : null;
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception exception) when (IsAway(exception, cancellation) || exception is InvalidDataException)
        {
            throw new EngineUnreachableException(DockerTexts.WentAway(Endpoint), exception);
        }
    }
}

/// <summary>Whose a file of a container is.</summary>
/// <param name="Uid">The user's number, 0 for root.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Mode">Who may do what.</param>
/// <param name="ModificationTime">When it was changed.</param>
public sealed record ContainerFile(int Uid, int Gid, UnixFileMode Mode, DateTimeOffset ModificationTime);
