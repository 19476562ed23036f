using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets;

/// <summary>Where nobody reads what is done on the way.</summary>
internal sealed class SilentLog : IStepLog
{
    public static SilentLog Instance { get; } = new();

    public void Write(string line)
    {
    }
}
