using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;

namespace Paas.Deployer.Tests.Support;

/// <summary>Follows an app's log as a gateway does: it asks again and again, and is not put off by a deployer that is away.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<OutputLine> _lines = [];
    private readonly List<TargetFailure> _failures = [];
    private readonly Func<OutputReader?> _reader;
    private readonly ReadAppLogs _question;
    private readonly Task _following;

    /// <param name="reader">The deployer that is there at the moment; null if none is.</param>
    /// <param name="question">About which app.</param>
    public Follower(Func<OutputReader?> reader, ReadAppLogs question)
    {
        (_reader, _question) = (reader, question);
        _following = Task.Run(FollowAsync);
    }

    public IReadOnlyList<OutputLine> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public IReadOnlyList<TargetFailure> Failures
    {
        get
        {
            lock (_lines)
                return [.. _failures];
        }
    }

    public IEnumerable<string> TextsOf(string source) => Lines.Where(line => line.Source == source).Select(line => line.Text);

    public Task SeesAsync(string text, double seconds = 60) =>
        TestPlatform.UntilAsync(() => Lines.Any(line => line.Text == text), $"'{text}' was told", seconds);

    public static Follower Of(TestPlatform platform, string target, int tail = 1000, string? process = null) => new(
        () => platform.Services.GetRequiredService<OutputReader>(), Question(platform.App, target, tail, process));

    public static ReadAppLogs Question(Guid app, string target, int tail = 1000, string? process = null) =>
        new() { AppId = app, App = "shop", Target = target, Tail = tail, Process = process, Wait = TimeSpan.FromSeconds(10) };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        string? cursor = null;
        while (!_stop.IsCancellationRequested)
        {
            var answer = _reader() is { } reader ? await reader.ReadAsync(_question with { Cursor = cursor }, _stop.Token) : null;
            lock (_lines)
            {
                if (answer?.Failure is { } failure)
                    _failures.Add(failure);
                else
                    _lines.AddRange(answer?.Lines ?? []);
            }

            cursor = answer?.Cursor ?? cursor;
            if (answer is null or { Failure: not null })
                await Task.Delay(50).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
