using System.Collections.Concurrent;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests.Support;

internal sealed class TestLog : IStepLog
{
    private readonly ConcurrentQueue<string> _lines = new();

    public Action<string> OnLine { get; init; } = _ => { };

    public string Text => string.Join('\n', _lines);

    public void Write(string line)
    {
        _lines.Enqueue(line);
        OnLine(line);
    }
}
