namespace Paas.Cli;

/// <summary>What the exit codes mean; scripts rely on them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The deployment failed, was canceled or was superseded.</summary>
    public const int DeploymentFailed = 1;

    /// <summary>The command, or a value given to it, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The platform failed, could not be reached or refused the token.</summary>
    public const int Platform = 3;

    /// <summary>What the command names does not exist.</summary>
    public const int NotFound = 4;

    /// <summary>Not possible as things are, such as a restart of what does not run.</summary>
    public const int NotPossible = 5;

    /// <summary>128 + SIGINT, SIGPIPE and SIGTERM, as shells count them.</summary>
    public const int Interrupted = 130;
    public const int OutputClosed = 141;
    public const int Terminated = 143;
}

/// <summary>Ends the command with a sentence for the user and an exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>What the platform knows the problem by: one of <see cref="Contracts.Api.ProblemCodes"/>, or null.</summary>
    public string? Code { get; init; }

    public static CliException Usage(string message) => new(ExitCodes.Usage, message);

    public static CliException NotFound(string message) => new(ExitCodes.NotFound, message);

    public static CliException Platform(string message) => new(ExitCodes.Platform, message);
}
