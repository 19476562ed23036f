using System.Globalization;

namespace Paas.Hosting;

/// <summary>Why a process can't start.</summary>
internal static class StartTexts
{
    private const int DiskFull = 28; // ENOSPC

    public static string NoBroker(string service) =>
        $"The {service} on its own talks to the other services over RabbitMQ: set RabbitMq__Uri, or run the standalone platform, which needs no broker.";

    public static string BrokerUri() =>
        "RabbitMq__Uri has to be a URI such as amqp://user:password@rabbitmq:5672/ (percent-encode what is special in the password).";

    public static string DeadlineTooLong(string step, TimeSpan deadline, TimeSpan stopping, TimeSpan timeout) => string.Create(CultureInfo.InvariantCulture,
        $"{step} may take {deadline} and {stopping.TotalSeconds:0} s to stop, but RabbitMQ takes a message back after {timeout} and the step would begin again for ever. "
        + $"Raise consumer_timeout in rabbitmq.conf and RabbitMq__ConsumerTimeout to the same, or lower Steps__{step}__Deadline.");

    public static string MessageKey() =>
        "Paas__MessageKey has to have at least 20 characters, the same in all services, and so does Paas__PreviousMessageKey if there is one. Make one with: openssl rand -hex 24";

    public static string AddressInUse(string message) =>
        $"{message.TrimEnd('.')}. Stop what listens there, or choose another address with --urls http://127.0.0.1:PORT.";

    public static string Storage(Exception exception) => (exception.HResult & 0xffff) == DiskFull
        ? "The disk with the data directory is full: make room there and start again. Nothing stored was changed."
        : $"The platform can't store its data: {exception.Message}";

    /// <param name="path">Such as <c>Source:AllowFile</c>.</param>
    /// <param name="type">The full name of the type that it has to be of.</param>
    public static string SettingNotOfType(string path, string type) =>
        SettingOutOfRange(path.Replace(":", "__", StringComparison.Ordinal), type switch
        {
            "System.Boolean" => "true or false",
            "System.Int32" or "System.Int64" => "a whole number",
            "System.Double" or "System.Decimal" => "a number",
            "System.TimeSpan" => Duration(),
            "System.Uri" => "a URL",
            _ => Type.GetType(type) is { IsEnum: true } choices ? "one of " + string.Join(", ", Enum.GetNames(choices)) : "another value",
        });

    public static string SettingOutOfRange(string name, string allowed) => $"The setting {name} has a value it can't have: set it to {allowed}, or leave it out.";

    public static string NumberFrom(int min, int max) => $"a whole number from {min} to {max}";

    public static string Duration() => "a duration such as 00:00:30";

    public static string SettingUnknown(string name, string? similar, IEnumerable<string> known) =>
        $"Warning: there is no setting {name}; it has no effect. {(similar is null ? $"Known are: {string.Join(", ", known)}." : $"Did you mean {similar}?")}";

    public static string Setting(Exception exception) => $"A setting can't be understood: {exception.Message}";

    public static string SandboxIsOff() => "Paas__Sandbox is off.";

    public static string SandboxNeedsLinux() => "Only Linux has what walls need.";

    public static string NoBubblewrap() => "bubblewrap is not installed: install the package bubblewrap and start the platform again.";

    public static string BubblewrapFails(string problem) =>
        $"bubblewrap does not work on this machine ({problem.ReplaceLineEndings(" ")}): allow this user to make namespaces, and start the platform again.";

    public static string BubblewrapHangs() => "it did not end within 10 s";

    public static string SandboxRequired(string reason) =>
        $"Paas__Sandbox is required, but apps can't be walled in. {reason} Or set Paas__Sandbox to auto, if you trust all the code you deploy.";
}
