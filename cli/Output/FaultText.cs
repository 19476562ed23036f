using System.Text.Json;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Output;

/// <summary>Faults and dead messages, for people.</summary>
internal static class FaultText
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteTable(Session session, IReadOnlyList<FaultResponse> faults)
    {
        var table = new Columns("DEPLOYMENT", "COMMIT", "STEP", "ATTEMPT", "TRIES", "REPLAYS", "SINCE", "MESSAGE");
        foreach (var fault in faults)
        {
            table.Add(
                fault.Name, fault.Commit is null ? "-" : Words.ShortCommit(fault.Commit), fault.Step, $"{fault.Attempt}",
                fault.Tries is null ? "-" : $"{fault.Tries}", $"{fault.Replays}", Words.Ago(fault.FaultedAt, session.Terminal.Time.GetUtcNow()), fault.Message);
        }

        table.Write(session.Terminal);
        session.Out.WriteLine(CliTexts.AfterFaults());
    }

    public static void WriteTable(Session session, IReadOnlyList<DeadMessageResponse> messages)
    {
        var table = new Columns("ID", "QUEUE", "TYPE", "SINCE", "MESSAGE");
        foreach (var message in messages)
        {
            table.Add(
                message.MessageId.ToString("D"), message.Queue, message.MessageType ?? "-",
                message.DeadSince is { } since ? Words.Ago(since, session.Terminal.Time.GetUtcNow()) : "-", message.Message ?? "-");
        }

        table.Write(session.Terminal);
        session.Out.WriteLine(CliTexts.AfterDeadMessages());
    }

    public static void Write(Session session, FaultDetailResponse detail)
    {
        var (fault, now) = (detail.Fault, session.Terminal.Time.GetUtcNow());
        session.WriteFields(
            ("Deployment", $"{fault.Name} ({fault.Id:D})"),
            ("App", $"{fault.App} ({fault.Environment})"),
            ("Commit", fault.Commit ?? ""),
            ("Step", $"{fault.Step}, {CliTexts.Tries(fault.Attempt, fault.Tries, fault.MaxTries)}"),
            ("Faulted", $"{Words.Ago(fault.FaultedAt, now)} ({Words.Moment(fault.FaultedAt, session.Terminal.Time)})"),
            ("Reason", fault.Reason),
            ("Exception", fault.ExceptionType ?? ""),
            ("Message", fault.Message),
            ("Replays", $"{fault.Replays}"));

        session.Out.WriteLine();
        if (detail.DeadMessage is { } dead)
            Write(session, dead);
        else
            session.Out.WriteLine(SafeText.Line(detail.DeadMessageMissing));

        if (detail.Actions.Count > 0)
        {
            session.Out.WriteLine();
            var table = new Columns("AT", "BY", "ACTION", "STEP", "ATTEMPT", "FROM", "REASON");
            foreach (var action in detail.Actions)
                table.Add(Words.Moment(action.At, session.Terminal.Time), action.By, action.Action, action.Step ?? "-", action.Attempt is null ? "-" : $"{action.Attempt}", action.FromStep ?? "-", action.Reason ?? "-");
            table.Write(session.Terminal);
        }

        session.Out.WriteLine();
        session.Out.WriteLine(CliTexts.AfterFault(fault.Name, SafeText.Line(fault.Step), fault.Step == Step.InOrder[0] ? null : Step.InOrder[0]));
    }

    private static void Write(Session session, DeadMessageResponse dead)
    {
        session.WriteFields(
            ("Dead message", dead.MessageId.ToString("D")),
            ("Queue", dead.Queue + (dead.Remade ? CliTexts.Remade() : "")),
            ("Type", dead.MessageType ?? ""));
        foreach (var (name, value) in dead.Headers.OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            // A stack trace has many lines.
            var lines = SafeText.Lines(value).Split('\n');
            session.Out.WriteLine($"  {SafeText.Line(name)}: {lines[0].Trim()}".TrimEnd());
            foreach (var line in lines.Skip(1))
                session.Out.WriteLine("    " + line.Trim());
        }

        if (dead.Body is { } body)
        {
            using var text = new MemoryStream();
            using (var writer = new Utf8JsonWriter(text, Indented))
                body.WriteTo(writer);
            foreach (var line in System.Text.Encoding.UTF8.GetString(text.ToArray()).Split('\n'))
                session.Out.WriteLine("  " + SafeText.Line(line));
        }
        else if (dead.Text is { } raw)
        {
            session.Out.WriteLine("  " + SafeText.Line(raw));
        }
    }
}
