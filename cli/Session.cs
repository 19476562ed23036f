using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Contracts.Api;

namespace Paas.Cli;

/// <summary>One run of one command: its terminal, its options, and the platform it speaks to.</summary>
internal sealed class Session(Terminal terminal, ParseResult parse, Interruption interruption) : IDisposable
{
    private PlatformClient? _client;

    public Terminal Terminal => terminal;

    public TextWriter Out => terminal.Out;

    public ParseResult Parse => parse;

    public CancellationToken Cancellation => interruption.Token;

    /// <summary>How the command ends when it was interrupted.</summary>
    public int InterruptedExitCode => interruption.ExitCode;

    public PlatformFinder Finder { get; } = new(terminal.Environment);

    public bool Json => parse.GetResult(CommonOptions.Json) is not null && parse.GetValue(CommonOptions.Json);

    public bool Plain => !terminal.IsLive || parse.GetValue(CommonOptions.Plain);

    public PlatformClient Client => _client ??= new PlatformClient(Finder.Find(), Finder.FindAgain);

    /// <summary>Prints an answer: as it came with <c>--json</c>, else for people.</summary>
    public int Print<T>(ApiAnswer answer, JsonTypeInfo<T> type, Action<T> print)
    {
        if (Json)
            Out.WriteLine(answer.Body.TrimEnd());
        else
            print(answer.Read(type));
        return ExitCodes.Done;
    }

    /// <summary>Follows a deployment that a command has begun, and ends as it ends.</summary>
    public async Task<int> FollowAsync(Guid id)
    {
        var stream = new DeploymentStream(Client, id, terminal.Time);
        try
        {
            var deployment = await WatchAsync(stream, Json ? null : NewView());
            if (Json)
                Out.WriteLine((await Client.GetAsync(ApiPaths.Deployment(id), Cancellation)).Body.TrimEnd());
            return DeploymentSummary.ExitCode(deployment.State);
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new CliException(interruption.ExitCode, CliTexts.StoppedFollowing(stream.Name));
        }
    }

    /// <summary>Something has to be ended with this process: a second Ctrl-C waits for that, too.</summary>
    public void TidiesUpWhenInterrupted() => interruption.MustTidyUp = true;

    public IDeploymentView NewView() =>
        Plain ? new PlainDeploymentView(Out, terminal.Time, terminal.IsUnicode) : new LiveDeploymentView(terminal);

    /// <summary>Shows a deployment until it is final.</summary>
    public async Task<DeploymentResponse> WatchAsync(DeploymentStream stream, IDeploymentView? view)
    {
        await using var shown = view;
        DeploymentResponse? deployment = null;
        await foreach (var happened in stream.ReadAsync(Cancellation))
        {
            deployment = (happened as StreamEvent.Changed)?.Deployment ?? deployment;
            view?.Show(happened);
        }

        if (deployment is null || !DeploymentStates.IsFinal(deployment.State))
            deployment = await stream.Client.GetDeploymentAsync(stream.Id, Cancellation);
        if (view is not null)
            await view.EndAsync(deployment, await NewerThanAsync(stream.Client, deployment));
        return deployment;
    }

    /// <summary>The name of the deployment that has overtaken it; null if none has.</summary>
    public async Task<string?> NewerThanAsync(PlatformClient client, DeploymentResponse deployment)
    {
        if (deployment.SupersededBy is not { } newer)
            return null;
        try
        {
            return (await client.GetDeploymentAsync(newer, Cancellation)).Name;
        }
        catch (CliException)
        {
            return $"{newer:D}";
        }
    }

    /// <summary>Goes on with a deployment the API has just accepted: follows it, unless told not to.</summary>
    public async Task<int> BeginAsync(ApiAnswer accepted)
    {
        var deployment = accepted.Read(ApiJson.Default.DeploymentResponse);
        if (!parse.GetValue(CommonOptions.NoFollow))
            return await FollowAsync(deployment.Id);
        return Print(accepted, ApiJson.Default.DeploymentResponse, _ => Out.WriteLine(CliTexts.Begun(deployment.Name)));
    }

    public void SayMore(string? next)
    {
        if (next is not null)
            Out.WriteLine(CliTexts.More(SafeText.Line(next)));
    }

    public void WriteFields(params (string Name, string Value)[] fields)
    {
        var width = fields.Max(field => field.Name.Length) + 2;
        foreach (var (name, value) in fields.Where(field => field.Value.Length > 0))
            Out.WriteLine(name.PadRight(width) + SafeText.Line(value));
    }

    public async Task<string> ReadStdinAsync(string what, bool mayBeEmpty = false)
    {
        var text = WithoutLineEnd(await Terminal.ReadAllAsync(Cancellation));
        return text.Length > 0 || mayBeEmpty ? text : throw CliException.Usage(CliTexts.StdinEmpty(what));
    }

    // Whoever pipes with echo, or saves with an editor, does not mean the last line end.
    public static string WithoutLineEnd(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;

    /// <summary>A time, or how long ago it was: <c>2026-01-31T08:00</c>, <c>45m</c>, <c>3h</c>, <c>2d</c>.</summary>
    public DateTime? Time(Option<string?> option)
    {
        if (parse.GetValue(option) is not { } text)
            return null;
        var time = terminal.Time;
        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 10_000
            && text[^1] switch { 's' => TimeSpan.FromSeconds(number), 'm' => TimeSpan.FromMinutes(number), 'h' => TimeSpan.FromHours(number), 'd' => TimeSpan.FromDays(number), _ => (TimeSpan?)null } is { } ago)
            return time.GetUtcNow().UtcDateTime - ago;
        if (!DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var moment))
            throw CliException.Usage(CliTexts.NotATime(option.Name, text));
        return moment.Kind == DateTimeKind.Utc ? moment : DateTime.SpecifyKind(moment - time.LocalTimeZone.GetUtcOffset(moment), DateTimeKind.Utc);
    }

    public void Dispose() => _client?.Dispose();
}
