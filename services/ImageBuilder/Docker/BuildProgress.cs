using System.Globalization;
using System.Text.RegularExpressions;
using Paas.Docker;
using Paas.Hosting.Network;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>A step of a Dockerfile, and the last it said.</summary>
internal sealed class BuildStep(string name)
{
    private const int MaxLastLines = 10;
    private const int MaxLineLength = 300;
    private readonly Queue<string> _lastLines = new();
    private readonly Queue<string> _output = new();

    /// <summary>Such as <c>[2/5] RUN make</c>, or a name of the engine's own for what is no step of the Dockerfile.</summary>
    public string Name { get; } = name;

    /// <summary>For people.</summary>
    public IReadOnlyCollection<string> LastLines => _lastLines;

    /// <summary>More of them, for <see cref="ToolOutput"/>.</summary>
    public IReadOnlyCollection<string> Output => _output;

    public void Add(string line)
    {
        _lastLines.Enqueue(line.Length <= MaxLineLength ? line : line[..MaxLineLength] + "…");
        if (_lastLines.Count > MaxLastLines)
            _lastLines.Dequeue();
        _output.Enqueue(line.Length <= ToolOutput.LineLength ? line : line[..ToolOutput.LineLength]);
        if (_output.Count > ToolOutput.Lines)
            _output.Dequeue();
    }
}

/// <summary>Tells the developer how a build goes on.</summary>
internal interface IBuildProgress
{
    /// <summary>The step that has failed, once the engine has told of an error.</summary>
    BuildStep? Failed { get; }

    /// <summary>The ids of the images that the steps have made on the way, as far as the engine keeps such.</summary>
    IReadOnlyList<string> Made => [];

    void Read(BuildMessage message);
}

/// <summary>BuildKit runs steps side by side: what each says is told below its name.</summary>
/// <param name="log">Is told.</param>
/// <param name="hide">Takes secrets out of the names of steps, in which BuildKit puts values in place of arguments.</param>
internal sealed partial class BuildKitProgress(IStepLog log, Func<string, string> hide) : IBuildProgress
{
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(0.05);
    private readonly Dictionary<string, Vertex> _vertexes = [];
    private Vertex? _shown;

    public BuildStep? Failed { get; private set; }

    public void Read(BuildMessage message)
    {
        if (message.Trace is not { } trace)
            return;
        foreach (var vertex in trace.Vertexes)
            Read(vertex);
        foreach (var output in trace.Logs)
        {
            if (_vertexes.TryGetValue(output.Vertex, out var vertex))
                vertex.Output.Append(output.Text);
        }
    }

    private void Read(BuildVertex now)
    {
        if (!_vertexes.TryGetValue(now.Digest, out var vertex))
        {
            _vertexes[now.Digest] = vertex = new Vertex(hide(now.Name), Numbered().IsMatch(now.Name));
            vertex.Output = new LineBuffer(line => Tell(vertex, line));
        }

        if (now.Started is not null && now.Completed is null && vertex.IsStep && !vertex.IsDone)
            Show(vertex);
        if (now.Completed is not { } completed)
            return;
        vertex.Output.Flush();
        // The others end because of the one that failed.
        if (now.Error is { Length: > 0 } error && Failed is null && !error.Contains("context canceled", StringComparison.Ordinal))
            Failed = vertex.Step;
        else if (now.Error is not { Length: > 0 } && vertex.IsStep && now.Started is { } started)
            End(vertex, now.IsCached, completed - started);
    }

    private void End(Vertex vertex, bool isCached, TimeSpan time)
    {
        // A base image ends twice: when it is known which it is, and when it is here.
        var isTold = vertex.IsDone ? !isCached && time >= WorthTelling : isCached || !vertex.WasShown || time >= WorthTelling;
        vertex.IsDone = true;
        if (!isTold)
            return;
        var step = vertex.WasShown ? Number(vertex) : vertex.Step.Name;
        log.Detail(isCached ? ImageBuilderTexts.StepCached(step) : ImageBuilderTexts.StepDone(step, time));
        vertex.WasShown = true;
        _shown = null;
    }

    private void Tell(Vertex vertex, string line)
    {
        vertex.Step.Add(line);
        Show(vertex);
        log.Detail("  " + line);
    }

    private void Show(Vertex vertex)
    {
        if (_shown == vertex)
            return;
        log.Detail(vertex.WasShown ? ImageBuilderTexts.StepGoesOn(Number(vertex)) : vertex.Step.Name);
        vertex.WasShown = true;
        _shown = vertex;
    }

    private static string Number(Vertex vertex) => Numbered().Match(vertex.Step.Name) is { Success: true } match ? match.Value : vertex.Step.Name;

    [GeneratedRegex(@"^\[[^\]]*\d+/\d+\]")]
    private static partial Regex Numbered();

    private sealed class Vertex(string name, bool isStep)
    {
        public BuildStep Step { get; } = new(name);

        public bool IsStep { get; } = isStep;

        public LineBuffer Output { get; set; } = null!;

        public bool WasShown { get; set; }

        public bool IsDone { get; set; }
    }
}

/// <summary>The classic builder runs one step after the other, and tells of them in its output.</summary>
internal sealed partial class ClassicProgress : IBuildProgress
{
    private readonly IStepLog _log;
    private readonly TimeProvider _clock;
    private readonly int _labels;
    private readonly LineBuffer _lines;
    private readonly List<string> _made = [];
    private BuildStep? _step;
    private long _started;
    private bool _isBase;

    /// <param name="log">Is told.</param>
    /// <param name="clock">Measures the steps.</param>
    /// <param name="labels">How many the build gives the image: each is one more step at the end, of no interest.</param>
    public ClassicProgress(IStepLog log, TimeProvider clock, int labels)
    {
        (_log, _clock, _labels) = (log, clock, labels);
        _lines = new LineBuffer(Tell);
    }

    public BuildStep? Failed { get; private set; }

    public IReadOnlyList<string> Made => _made;

    public void Read(BuildMessage message)
    {
        _lines.Append(message.Stream);
        if (message.Error is null && message.Id is null && message.Aux is null)
            return;
        _lines.Flush();
        if (message.Error is not null)
            Failed = _step;
    }

    private void Tell(string line)
    {
        if (StepBegins().Match(line) is { Success: true } step)
        {
            var (number, of) = (int.Parse(step.Groups["number"].ValueSpan, CultureInfo.InvariantCulture), int.Parse(step.Groups["of"].ValueSpan, CultureInfo.InvariantCulture) - _labels);
            _step = number > of ? null : new BuildStep(string.Create(CultureInfo.InvariantCulture, $"[{number}/{of}] {step.Groups["what"]}"));
            _started = _clock.GetTimestamp();
            _isBase = step.Groups["what"].ValueSpan.StartsWith("FROM ", StringComparison.OrdinalIgnoreCase);
            if (_step is not null)
                _log.Detail(_step.Name);
        }
        else if (line == " ---> Using cache")
        {
            if (_step is not null)
                _log.Detail("  " + ImageBuilderTexts.Cached());
        }
        else if (StepEnds().IsMatch(line))
        {
            // What a step printed may look the same: it names no image, or none that may be removed.
            if (!_isBase)
                _made.Add(line[" ---> ".Length..]);
            if (_step is not null && _clock.GetElapsedTime(_started) is { TotalSeconds: >= 0.1 } time)
                _log.Detail("  " + ImageBuilderTexts.DoneIn(time));
        }
        else if (line.Length > 0 && !OfTheEngine().IsMatch(line))
        {
            _step?.Add(line);
            _log.Detail("  " + line);
        }
    }

    [GeneratedRegex(@"^Step (?<number>\d{1,6})/(?<of>\d{1,6}) : (?<what>.*)$")]
    private static partial Regex StepBegins();

    [GeneratedRegex("^ ---> [0-9a-f]{12}$")]
    private static partial Regex StepEnds();

    [GeneratedRegex("^( ---> (Running in [0-9a-f]{12}|\\[Warning\\] .*)|Removing intermediate container [0-9a-f]{12}|Successfully (built|tagged) .*)$")]
    private static partial Regex OfTheEngine();
}
