using System.Globalization;
using Paas.Contracts.Api;

namespace Paas.Cli.Output;

/// <summary>How times, durations and ids are written.</summary>
internal static class Words
{
    public static string Duration(TimeSpan duration) => duration switch
    {
        { Ticks: < 0 } => "0.0 s",
        { TotalSeconds: < 59.95 } => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.0} s"),
        { TotalMinutes: < 60 } => $"{(int)duration.TotalMinutes} min {duration.Seconds} s",
        _ => $"{(int)duration.TotalHours} h {duration.Minutes} min",
    };

    public static string Ago(DateTime moment, DateTimeOffset now) => (now.UtcDateTime - Utc(moment)) switch
    {
        { TotalSeconds: < 60 } => "just now",
        { TotalMinutes: < 60 } since => $"{(int)since.TotalMinutes} min ago",
        { TotalHours: < 24 } since => $"{(int)since.TotalHours} h ago",
        var since => $"{(int)since.TotalDays} d ago",
    };

    public static string Clock(DateTime moment, TimeProvider time) =>
        TimeZoneInfo.ConvertTimeFromUtc(Utc(moment), time.LocalTimeZone).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A moment in this machine's time zone, which it names, as all times do that this command prints.</summary>
    public static string Stamp(DateTime moment, TimeProvider time) => Local(moment, time).ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture) + Zone(moment, time);

    /// <inheritdoc cref="Stamp"/>
    public static string Moment(DateTime moment, TimeProvider time) => Local(moment, time).ToString("yyyy-MM-dd HH:mm:ss ", CultureInfo.InvariantCulture) + Zone(moment, time).Replace("Z", "UTC", StringComparison.Ordinal);

    private static DateTime Local(DateTime moment, TimeProvider time) => TimeZoneInfo.ConvertTimeFromUtc(Utc(moment), time.LocalTimeZone);

    private static string Zone(DateTime moment, TimeProvider time) => time.LocalTimeZone.GetUtcOffset(Utc(moment)) is var offset && offset == TimeSpan.Zero
        ? "Z"
        : (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hh\\:mm", CultureInfo.InvariantCulture);

    public static string ShortCommit(string? commit) => commit is { Length: > 7 } ? commit[..7] : commit ?? "";

    /// <summary><c>main</c> for <c>refs/heads/main</c>.</summary>
    public static string ShortRef(string? reference) =>
        SafeText.Line(reference).Replace("refs/heads/", "", StringComparison.Ordinal).Replace("refs/tags/", "", StringComparison.Ordinal);

    public static TimeSpan? Took(DeploymentStepResponse step, DateTimeOffset now) =>
        step.StartedAt is { } started ? (step.FinishedAt is { } finished ? Utc(finished) : now.UtcDateTime) - Utc(started) : null;

    public static DateTime Utc(DateTime moment) =>
        moment.Kind == DateTimeKind.Local ? moment.ToUniversalTime() : DateTime.SpecifyKind(moment, DateTimeKind.Utc);
}
