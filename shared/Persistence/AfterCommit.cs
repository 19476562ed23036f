namespace Paas.Persistence;

/// <summary>
/// What is to happen once a consumer's transaction is committed, and not at all if it is rolled back: a transaction
/// that is tried again must not be counted twice. Lost if the process dies in between, so it is for telemetry alone.
/// </summary>
public sealed class AfterCommit
{
    private readonly List<Action> _actions = [];

    public void Do(Action action) => _actions.Add(action);

    internal void Run()
    {
        foreach (var action in _actions)
            action();
        _actions.Clear();
    }
}
