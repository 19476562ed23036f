namespace Paas.Kubernetes.Tests;

internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task UntilAsync(Func<bool> condition)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
                throw new TimeoutException("What was waited for has not come.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
