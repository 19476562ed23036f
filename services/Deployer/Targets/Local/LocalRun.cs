using System.Text.Json;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Local;

/// <summary>What is written of a run before it is started. Its command may name secrets: the folder is its owner's only.</summary>
internal sealed record RunRecord
{
    public required Guid RunId { get; init; }
    public required string Name { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public required int Release { get; init; }
    public required DateTime CreatedAt { get; init; }
    public required TimeSpan TimeLimit { get; init; }
}

/// <summary>What is written of a run when it has ended.</summary>
internal sealed record RunEnd
{
    public required int ExitCode { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public required DateTime FinishedAt { get; init; }
}

/// <summary>The folder of one run.</summary>
internal sealed class LocalRun(string folder)
{
    private const int KilledBySignal = 128 + 9;

    public string Root => folder;

    public string OutputFile => Path.Combine(folder, "output.log");

    public bool IsKnown => File.Exists(RecordFile);

    public bool HasEnded => File.Exists(EndFile);

    private string RecordFile => Path.Combine(folder, "run.json");

    private string EndFile => Path.Combine(folder, "ended.json");

    /// <summary>The runs of an app that are kept.</summary>
    public static IEnumerable<LocalRun> All(AppFolder app) =>
        !Directory.Exists(app.Runs) ? [] : Directory.EnumerateDirectories(app.Runs).Select(folder => new LocalRun(folder)).Where(run => run.IsKnown);

    public static LocalRun Of(AppFolder app, Guid runId) => new(Path.Combine(app.Runs, runId.ToString()));

    public void Begin(RunRecord record)
    {
        Directory.CreateDirectory(folder);
        AppFolder.WriteWhole(RecordFile, JsonSerializer.SerializeToUtf8Bytes(record));
    }

    public void End(RunEnd end) => AppFolder.WriteWhole(EndFile, JsonSerializer.SerializeToUtf8Bytes(end));

    /// <param name="isUnderWay">Whether this process runs it.</param>
    public RunStatus Status(Func<Guid, bool> isUnderWay)
    {
        var record = JsonSerializer.Deserialize<RunRecord>(File.ReadAllBytes(RecordFile))!;
        // In this order: it is under way until its end is written.
        var runs = isUnderWay(record.RunId);
        var end = HasEnded ? JsonSerializer.Deserialize<RunEnd>(File.ReadAllBytes(EndFile)) : null;
        if (end is null && !runs)
        {
            end = new RunEnd
            {
                ExitCode = KilledBySignal,
                Reason = RunEnds.Interrupted,
                Message = DeployerTexts.RunInterrupted(record.Name),
                FinishedAt = File.GetLastWriteTimeUtc(File.Exists(OutputFile) ? OutputFile : RecordFile),
            };
        }

        return new RunStatus
        {
            RunId = record.RunId,
            Name = record.Name,
            Command = record.Command,
            Release = record.Release,
            State = end is null ? RunStates.Running : RunStates.Ended,
            ExitCode = end?.ExitCode,
            Reason = end?.Reason,
            Message = end?.Message,
            CreatedAt = record.CreatedAt,
            FinishedAt = end?.FinishedAt,
            TimeLimit = record.TimeLimit,
        };
    }
}
