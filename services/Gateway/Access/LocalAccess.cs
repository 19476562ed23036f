using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Paas.Hosting;

namespace Paas.Gateway.Access;

/// <summary>A token for the command line on the same machine; it lives as long as the process.</summary>
public sealed class LocalAccess
{
    public const string Name = "local";
    private readonly byte[] _token;

    public LocalAccess()
    {
        Token = "paas_local_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        _token = Encoding.UTF8.GetBytes(Token);
    }

    public string Token { get; }

    internal bool Matches(string token) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), _token);
}

/// <summary>Tells the command line on the same machine, by a file only its owner may read, where to go and with which token.</summary>
internal sealed class LocalAccessFile(LocalAccess access, IServer server, IOptions<PaasOptions> options) : IHostedLifecycleService
{
    public const string FileName = "local-access.json";

    private string FilePath => Path.Combine(Path.GetFullPath(options.Value.DataDirectory), FileName);

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var url = server.Features.Get<IServerAddressesFeature>()?.Addresses.Select(Reachable).FirstOrDefault(address => address is not null);
        if (url is null)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var half = $"{FilePath}.{Environment.ProcessId}";
        File.Delete(half); // left by a process of the same id that was killed
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new FileStream(half, create))
            await JsonSerializer.SerializeAsync(file, new Content(url, access.Token, Environment.ProcessId), JsonSerializerOptions.Web, cancellationToken);
        File.Move(half, FilePath, overwrite: true);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Another process may have taken over the data directory, and the file.
        if (File.Exists(FilePath) && (await File.ReadAllTextAsync(FilePath, cancellationToken)).Contains(access.Token, StringComparison.Ordinal))
            File.Delete(FilePath);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The address as somebody on the same machine has to write it.</summary>
    internal static string? Reachable(string address)
    {
        var binding = BindingAddress.Parse(address);
        if (binding.IsUnixPipe || binding.IsNamedPipe)
            return null;
        var everywhere = !IPAddress.TryParse(binding.Host.Trim('[', ']'), out var ip)
            ? binding.Host is "*" or "+"
            : ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
        return $"{binding.Scheme}://{(everywhere ? "127.0.0.1" : binding.Host)}:{binding.Port}";
    }

    private sealed record Content(string Url, string Token, int ProcessId);
}
