namespace Paas.Hosting.Processes;

/// <summary>The setting <c>Paas:Sandbox</c>.</summary>
public static class SandboxMode
{
    /// <summary>Walls where bubblewrap works.</summary>
    public const string Auto = "auto";

    /// <summary>Without walls the platform does not start.</summary>
    public const string Required = "required";

    public const string Off = "off";
}
