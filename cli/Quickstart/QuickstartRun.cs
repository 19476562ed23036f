using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Quickstart;

/// <summary>From nothing to an app that answers: what a developer would do, done once for them to see.</summary>
internal sealed class QuickstartRun(Session session, string? urls, bool exit)
{
    private const string App = "hello";
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private static readonly TimeSpan StartsWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(150);
    private readonly string _dataDirectory = session.Finder.DataDirectory;
    private readonly string _folder = Path.Combine(session.Finder.DataDirectory, "quickstart");

    private CancellationToken Cancellation => session.Cancellation;

    private string SecretFile => Path.Combine(_folder, "webhook-secret");

    private string LogFile => Path.Combine(_folder, "platform.log");

    public async Task<int> RunAsync()
    {
        RequireGit();
        PrivateFile.CreateFolder(_dataDirectory);
        PrivateFile.CreateFolder(_folder);
        using var alone = LockFolder();
        Say(CliTexts.QuickstartTitle());

        var running = LocalAccess.Read(_dataDirectory);
        if (running is not null)
        {
            Say(CliTexts.QuickstartReuses(running.Url));
            return await DeployAsync(running, reused: true);
        }

        RequireFreePorts();
        Say(CliTexts.QuickstartStarts(_dataDirectory));
        await using var log = new StreamWriter(PrivateFile.Open(LogFile, FileMode.Create));
        await using var platform = StandaloneProcess.StartLogged(session, urls, log, ("Source__AllowFile", "true"));
        int exitCode;
        try
        {
            var access = await WaitUntilReadyAsync(platform);
            exitCode = await DeployAsync(access, reused: false);
            if (exitCode == ExitCodes.Done && !exit)
            {
                // The next quickstart finds this platform, and deploys to it.
                await alone.DisposeAsync();
                await StayAsync(platform);
            }
        }
        finally
        {
            if (!platform.HasExited)
                Say(CliTexts.QuickstartStops());
            await platform.StopAsync();
        }

        return exitCode;
    }

    private async Task<int> DeployAsync(LocalAccess access, bool reused)
    {
        using var client = new PlatformClient(new PlatformAddress(PlatformFinder.ParseUrl(access.Url, "URL"), access.Token, PlatformFinder.ByMachine));
        var repository = new SampleRepository(Path.Combine(_folder, App));
        var sample = Path.Combine(AppContext.BaseDirectory, "samples", App);
        var commit = await repository.CommitAsync(sample, Cancellation);
        Say(CliTexts.QuickstartCommitted(Words.ShortCommit(commit.Sha), Path.Combine(_folder, App)));
        var secret = await RegisterAsync(client, repository, reused);
        var deployment = await FindDeploymentAsync(client, await PushAsync(client, repository, commit, secret));
        Say(CliTexts.QuickstartPushed());
        Say("");

        var ended = await session.WatchAsync(new DeploymentStream(client, deployment, session.Terminal.Time), session.NewView());
        if (ended.State != DeploymentStates.Succeeded)
        {
            Say(reused && ended.Failure?.Reason == FailureReason.RepositoryUrlRefused ? CliTexts.FileUrlsOff() : CliTexts.QuickstartLog(LogFile));
            return DeploymentSummary.ExitCode(ended.State);
        }

        var answer = await RequestAppAsync(client.Address.Url, ended.Url);
        Say("");
        Say(CliTexts.QuickstartAnswer(ended.Url!));
        foreach (var line in answer)
            Say("  " + SafeText.Line(line));
        Say("");
        Say(DeploymentStates.Succeeded);
        if (!exit || reused)
            Say(CliTexts.QuickstartNext(ended.Url!, _folder, stays: !reused, await FindTokenAsync()));
        return ExitCodes.Done;
    }

    /// <summary>The operator's token, which the platform prints at its first start only; null if that was not this one.</summary>
    private async Task<string?> FindTokenAsync()
    {
        if (!File.Exists(LogFile))
            return null;
        await using var log = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var lines = new StreamReader(log);
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (line.Trim() is { Length: > 20 } word && word.StartsWith("paas_", StringComparison.Ordinal) && !word.Contains(' ', StringComparison.Ordinal))
                return word;
        }

        return null;
    }

    private async Task<string> RegisterAsync(PlatformClient client, SampleRepository repository, bool reused)
    {
        var secret = File.Exists(SecretFile) ? (await File.ReadAllTextAsync(SecretFile, Cancellation)).Trim() : "";
        if (secret.Length < 16)
        {
            secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            PrivateFile.Write(SecretFile, secret);
        }

        var found = await client.TrySendAsync(new HttpRequestMessage(HttpMethod.Get, ApiPaths.App(App)), Cancellation);
        if (found.Status == HttpStatusCode.NotFound)
        {
            var request = new CreateAppRequest { Name = App, Repository = repository.Url, Branch = "main", Target = Target.Local, WebhookSecret = secret };
            try
            {
                await client.SendAsync(HttpMethod.Post, ApiPaths.Apps, request, ApiJson.Default.CreateAppRequest, Cancellation);
            }
            catch (CliException exception) when (reused && exception.ExitCode == ExitCodes.Usage)
            {
                throw CliException.Usage(exception.Message + "\n" + CliTexts.FileUrlsOff());
            }

            Say(CliTexts.QuickstartRegistered(App));
            return secret;
        }

        var app = (await client.GetAsync(ApiPaths.App(App), Cancellation)).Read(ApiJson.Default.AppResponse);
        if (app.Repository != repository.Url && !SampleRepository.IsUrlOfOne(app.Repository))
            throw CliException.Usage(CliTexts.QuickstartNameTaken(App, app.Repository));
        // The data directory may have been moved, or the file with the secret lost.
        var update = new UpdateAppRequest { Repository = repository.Url, WebhookSecret = secret };
        await client.SendAsync(HttpMethod.Patch, ApiPaths.App(App), update, ApiJson.Default.UpdateAppRequest, Cancellation);
        return secret;
    }

    private async Task<DeliveryAccepted> PushAsync(PlatformClient client, SampleRepository repository, SampleCommit commit, string secret)
    {
        var delivery = Guid.NewGuid().ToString("D");
        return (await client.SendAsync(() => SignedPush.Create(repository.Url, commit, secret, delivery, session.Terminal.Time.GetUtcNow()), Cancellation)).Read(ApiJson.Default.DeliveryAccepted);
    }

    private async Task<Guid> FindDeploymentAsync(PlatformClient client, DeliveryAccepted accepted)
    {
        var begun = session.Terminal.Time.GetTimestamp();
        while (session.Terminal.Time.GetElapsedTime(begun) < StartsWithin)
        {
            var page = await client.GetAsync(ApiPaths.WithPage(ApiPaths.Deliveries, 20, null), Cancellation);
            var delivery = page.Read(ApiJson.Default.PageDeliveryResponse).Items.FirstOrDefault(item => item.Id == accepted.Id);
            if (delivery?.DeploymentId is { } deployment)
                return deployment;
            if (delivery is { Decision: DeliveryDecisions.Ignored or DeliveryDecisions.Rejected })
                throw CliException.Platform(CliTexts.PushNotDeployed(delivery.Reason));
            await Task.Delay(Poll, Cancellation);
        }

        throw CliException.Platform(CliTexts.PushNotDeployed(CliTexts.NoDecision()));
    }

    /// <summary>Asks the platform for the app by its host name, so that no DNS is needed.</summary>
    private async Task<IReadOnlyList<string>> RequestAppAsync(Uri platform, string? appUrl)
    {
        if (!Uri.TryCreate(appUrl, UriKind.Absolute, out var url))
            throw CliException.Platform(CliTexts.NoUrl());
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(20) };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(platform, url.PathAndQuery));
        request.Headers.Host = url.Authority;
        try
        {
            using var response = await http.SendAsync(request, Cancellation);
            var body = await response.Content.ReadAsStringAsync(Cancellation);
            if (!response.IsSuccessStatusCode)
                throw CliException.Platform(CliTexts.AppAnswered(url.ToString(), (int)response.StatusCode));
            return [$"HTTP {(int)response.StatusCode}", .. body.Split('\n').Where(line => !string.IsNullOrWhiteSpace(line)).Take(5)];
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !Cancellation.IsCancellationRequested))
        {
            throw CliException.Platform(CliTexts.AppNotAnswering(url.ToString(), exception.Message));
        }
    }

    private async Task StayAsync(StandaloneProcess platform)
    {
        try
        {
            await platform.WaitForExitAsync(Cancellation);
        }
        catch (OperationCanceledException)
        {
            return; // Ctrl-C: the regular end
        }

        if (Cancellation.IsCancellationRequested)
            return; // the same, and the platform was faster
        throw CliException.Platform(CliTexts.PlatformEnded(platform.LastErrors, LogFile));
    }

    private async Task<LocalAccess> WaitUntilReadyAsync(StandaloneProcess platform)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        var begun = session.Terminal.Time.GetTimestamp();
        while (session.Terminal.Time.GetElapsedTime(begun) < StartsWithin)
        {
            if (platform.HasExited)
            {
                await platform.WaitAsync(Cancellation);
                throw CliException.Platform(CliTexts.PlatformEnded(platform.LastErrors, LogFile));
            }

            if (LocalAccess.Read(_dataDirectory) is { } access && access.ProcessId == platform.Id && await IsReadyAsync(http, access))
                return access;
            await Task.Delay(Poll, Cancellation);
        }

        throw CliException.Platform(CliTexts.PlatformNotReady((int)StartsWithin.TotalSeconds, LogFile));
    }

    private async Task<bool> IsReadyAsync(HttpClient http, LocalAccess access)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(new Uri(access.Url), ApiPaths.Ready), Cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !Cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private FileStream LockFolder()
    {
        try
        {
            return new FileStream(Path.Combine(_folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException) && IsTaken(exception))
        {
            throw CliException.Usage(CliTexts.QuickstartTwice(_dataDirectory));
        }
    }

    // EAGAIN of flock(2); a full or read-only disk is another matter.
    private static bool IsTaken(IOException exception) => (exception.HResult & 0xffff) is 11 or 35;

    private void RequireFreePorts()
    {
        foreach (var url in (urls ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // Kestrel's wildcards are no host names.
            if (!Uri.TryCreate(url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var parsed))
                throw CliException.Usage(CliTexts.NotAPlatformUrl(url, "--urls"));
            var address = IPAddress.TryParse(parsed.Host.Trim('[', ']'), out var literal) ? literal : IPAddress.Loopback;
            try
            {
                using var listener = new TcpListener(address, parsed.Port);
                listener.Start();
            }
            catch (SocketException exception)
            {
                throw CliException.Platform(CliTexts.PortTaken(url, exception.SocketErrorCode == SocketError.AddressAlreadyInUse, exception.Message));
            }
        }
    }

    private void RequireGit()
    {
        var found = (session.Terminal.Environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, "git")));
        if (!found)
            throw CliException.Platform(CliTexts.GitMissing());
    }

    private void Say(string text) => session.Out.WriteLine(text);
}
