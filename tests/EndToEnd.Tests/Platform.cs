using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests;

/// <summary>The standalone platform as a process of its own, driven over HTTP only.</summary>
internal sealed class Platform : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly string Artifacts = FindArtifacts();
    private readonly string _dll;
    private readonly Dictionary<string, string> _environment;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly bool _ownsData;
    private string _url = "http://127.0.0.1:0";
    private Process? _process;

    private Platform(string project, string? dataDirectory, (string Name, string Value)[] environment)
    {
        _dll = System.IO.Path.Combine(Artifacts, "bin", project, Configuration, $"Paas.{project}.dll");
        _ownsData = dataDirectory is null;
        DataDirectory = dataDirectory ?? Directory.CreateTempSubdirectory("paas-data-").FullName;
        _environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value);
    }

    public string DataDirectory { get; }
    public HttpClient Http { get; private set; } = null!;
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    private static string Configuration => System.IO.Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));

    public static string RepositoryRoot => System.IO.Path.GetDirectoryName(Artifacts)!;

    public static async Task<Platform> StartAsync(params (string Name, string Value)[] environment)
    {
        var platform = new Platform("Standalone", null, environment);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>The platform with a switch that kills it at a point: see KillSwitch.</summary>
    public static async Task<Platform> StartWithKillAtAsync(string point)
    {
        var platform = new Platform("KillHost", null, [("KILL_AT", point)]);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>The platform on a data directory that is not its own to delete.</summary>
    public static async Task<Platform> StartOnAsync(string dataDirectory, params (string Name, string Value)[] environment)
    {
        var platform = new Platform("Standalone", dataDirectory, environment);
        await platform.StartProcessAsync();
        return platform;
    }

    /// <summary>Starts a process that is expected to end by itself.</summary>
    /// <returns>Its exit code, what it wrote to standard error, and all it wrote.</returns>
    public static async Task<(int ExitCode, string Errors, string Output)> RunToEndAsync(string dataDirectory, string url = "http://127.0.0.1:0")
    {
        await using var platform = new Platform("Standalone", dataDirectory, []) { _url = url };
        platform.StartProcess();
        await platform._process!.WaitForExitAsync().WaitAsync(Patience);
        lock (platform._output)
            return (platform._process.ExitCode, platform._errors.ToString().Trim(), platform.Output);
    }

    public async Task StartAgainAsync(params (string Name, string Value)[] environment)
    {
        _environment.Remove("KILL_AT");
        foreach (var (name, value) in environment)
            _environment[name] = value;
        await StartProcessAsync();
    }

    public Task WaitForKillAsync() => _process!.WaitForExitAsync().WaitAsync(Patience);

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task<int> StopAsync()
    {
        Signal("-TERM");
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async Task<AppResponse> CreateAppAsync(string name, Repository repository, string policy = ConcurrencyPolicy.Latest)
    {
        using var response = await Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = name, Repository = repository.Url, Policy = policy });
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<AppResponse>())!;
    }

    /// <summary>Sends the push of the repository's newest commit, signed, as GitHub does.</summary>
    public async Task<HttpResponseMessage> PushAsync(
        Repository repository, string? secret, string? commit = null, string @ref = "refs/heads/main", string? deliveryId = null)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            @ref,
            before = new string('1', 40),
            after = commit ?? repository.Head,
            created = false,
            deleted = false,
            forced = false,
            repository = new { full_name = "test/repository", clone_url = repository.Url, html_url = repository.Url },
            pusher = new { name = "octocat" },
            head_commit = new { id = commit ?? repository.Head, message = "A change\n\nwith a body" },
        });
        return await DeliverAsync(body, secret, deliveryId: deliveryId);
    }

    public async Task<HttpResponseMessage> DeliverAsync(byte[] body, string? secret, string @event = "push", string? deliveryId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", @event);
        request.Headers.Add("X-GitHub-Delivery", deliveryId ?? Guid.NewGuid().ToString());
        if (secret is not null)
            request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));
        return await Http.SendAsync(request);
    }

    /// <summary>Pushes the newest commit and waits until its deployment has ended.</summary>
    public async Task<DeploymentResponse> DeployAsync(AppResponse app, Repository repository)
    {
        await PushAcceptedAsync(app, repository);
        return await EndOfAsync(await DeploymentOfAsync(app.Name, repository.Head));
    }

    public async Task PushAcceptedAsync(AppResponse app, Repository repository)
    {
        using var response = await PushAsync(repository, app.WebhookSecret);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The newest deployment of a commit, once there is one.</summary>
    public async Task<Guid> DeploymentOfAsync(string app, string commit)
    {
        DeploymentResponse? found = null;
        await UntilAsync(
            async () => (found = (await Http.GetFromJsonAsync<Page<DeploymentResponse>>($"/v1/apps/{app}/deployments"))!.Items.FirstOrDefault(x => x.Commit == commit)) is not null,
            $"{commit} has a deployment");
        return found!.Id;
    }

    public Task<DeploymentResponse> EndOfAsync(Guid deployment) => DeploymentAsync(deployment, x => DeploymentStates.IsFinal(x.State), "at its end");

    public async Task<DeploymentResponse> DeploymentAsync(Guid deployment, Func<DeploymentResponse, bool> condition, string what)
    {
        DeploymentResponse? found = null;
        try
        {
            await UntilAsync(
                async () => condition(found = (await Http.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{deployment}"))!),
                $"the deployment was {what}");
            return found!;
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message} It is {found?.State}: {found?.Failure?.Message}\n{await LogAsync(deployment)}\n{Output}");
        }
    }

    public Task<string> LogAsync(Guid deployment) => Http.GetStringAsync($"/v1/deployments/{deployment}/logs");

    /// <summary>What the app answers, through the router.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAppAsync(string app, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = $"{app}.localhost" } };
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"It never came to pass that {what}.");
            await Task.Delay(50);
        }
    }

    /// <summary>The processes that belong to this platform, besides itself.</summary>
    public IReadOnlyList<int> Processes()
    {
        var mark = "PAAS_PROCESS=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(DataDirectory)))[..16];
        return [.. Directory.GetDirectories("/proc").Select(System.IO.Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!))
            .Where(pid => ReadOrEmpty($"/proc/{pid}/environ").Contains(mark) && !ReadOrEmpty($"/proc/{pid}/stat").Contains(") Z "))];
    }

    /// <summary>How much memory the platform's own process holds.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{_process!.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private async Task StartProcessAsync()
    {
        StartProcess();
        var access = System.IO.Path.Combine(DataDirectory, "local-access.json");
        await UntilAsync(
            () =>
            {
                if (_process!.HasExited)
                    throw new InvalidOperationException("The platform ended at its start:\n" + Output);
                if (!File.Exists(access))
                    return Task.FromResult(false);
                var found = JsonDocument.Parse(File.ReadAllText(access)).RootElement;
                if (found.GetProperty("processId").GetInt32() != _process.Id)
                    return Task.FromResult(false);
                Http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
                {
                    BaseAddress = new Uri(found.GetProperty("url").GetString()!),
                    Timeout = Patience,
                };
                Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", found.GetProperty("token").GetString());
                return Task.FromResult(true);
            },
            "the platform started");
    }

    private void StartProcess()
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add(_dll);
        info.ArgumentList.Add("--urls");
        info.ArgumentList.Add(_url);
        info.Environment["Paas__DataDirectory"] = DataDirectory;
        info.Environment["Source__AllowFile"] = "true";
        foreach (var (name, value) in _environment)
            info.Environment[name] = value;
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Keep(line.Data, _output);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data, _output, _errors);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line, params ReadOnlySpan<StringBuilder> kept)
    {
        lock (_output)
        {
            foreach (var text in kept)
                text.AppendLine(line);
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
        kill.WaitForExit();
    }

    private static string FindArtifacts()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder.Name != "artifacts")
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the artifacts folder.");
        return folder.FullName;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Signal("-TERM");
            if (!_process.WaitForExit(TimeSpan.FromSeconds(60)))
                _process.Kill(entireProcessTree: true);
        }

        _process?.Dispose();
        Http?.Dispose();
        foreach (var pid in Processes())
            Process.GetProcessById(pid).Kill();
        await UntilAsync(() => Task.FromResult(Processes().Count == 0), "all processes of the platform had ended");
        if (_ownsData)
            Directory.Delete(DataDirectory, recursive: true);
    }
}
