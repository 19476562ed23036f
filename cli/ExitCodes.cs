namespace Paas.Cli;

/// <summary>What the exit codes mean; scripts rely on them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The deployment failed, was canceled or was superseded.</summary>
    public const int DeploymentFailed = 1;

    /// <summary>The command, or what it names, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The platform failed, could not be reached or refused the token.</summary>
    public const int Platform = 3;

    /// <summary>128 + SIGINT and 128 + SIGTERM, as shells count them.</summary>
    public const int Interrupted = 130;
    public const int Terminated = 143;
}

/// <summary>Ends the command with a sentence for the user and an exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public static CliException Usage(string message) => new(ExitCodes.Usage, message);

    public static CliException Platform(string message) => new(ExitCodes.Platform, message);
}
