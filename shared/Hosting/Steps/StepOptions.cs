using Microsoft.Extensions.Configuration;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Hosting.Steps;

/// <summary>How one step is tried, and how long it may take. Section <c>Steps:{step}</c>.</summary>
public sealed class StepOptions
{
    /// <summary>Tries that follow at once upon a fault, before the message is put off.</summary>
    public int ImmediateRetries { get; set; } = 2;

    /// <summary>Delays of the redeliveries that follow; each begins another round of immediate tries.</summary>
    public TimeSpan[] Redelivery { get; set; } =
        [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10)];

    /// <summary>How long a worker may hold the step, immediate retries included, before it counts as lost.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a step may wait for a free worker, in addition to <see cref="Deadline"/>.</summary>
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How many of these steps one process works on at once.</summary>
    public int Concurrency { get; set; } = 4;

    /// <summary>How long a step under way may go on when its process is asked to stop; then it is handed to another.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(5);

    public int MaxTries => (ImmediateRetries + 1) * (Redelivery.Length + 1);
}

/// <summary>The options of all steps.</summary>
public sealed class StepPolicies
{
    private readonly Dictionary<string, StepOptions> _steps;

    public StepPolicies(IConfiguration configuration)
    {
        _steps = Step.InOrder.ToDictionary(step => step, step =>
        {
            var options = Defaults(step);
            var section = configuration.GetSection($"Steps:{step}");
            // The binder appends to arrays; a configured list has to replace the default one.
            if (section.GetSection(nameof(StepOptions.Redelivery)).Exists())
                options.Redelivery = [];
            // On its own, the process is all there is: nobody could take the step over.
            if (!configuration.UsesRabbitMq())
                options.ShutdownGrace = TimeSpan.Zero;
            section.Bind(options);
            Check(step, nameof(options.ImmediateRetries), options.ImmediateRetries is >= 0 and <= 100, StartTexts.NumberFrom(0, 100));
            Check(step, nameof(options.Concurrency), options.Concurrency is >= 1 and <= 1_000, StartTexts.NumberFrom(1, 1_000));
            Check(step, nameof(options.Deadline), options.Deadline > TimeSpan.Zero, StartTexts.Duration());
            Check(step, nameof(options.Redelivery), options.Redelivery.All(delay => delay >= TimeSpan.Zero), StartTexts.Duration());
            return options;
        });
    }

    public StepOptions this[string step] => _steps[step];

    private static void Check(string step, string name, bool isRight, string allowed)
    {
        if (!isRight)
            throw new StartException(StartTexts.SettingOutOfRange($"Steps__{step}__{name}", allowed));
    }

    private static StepOptions Defaults(string step) => step switch
    {
        Step.ValidateConfiguration => new() { Deadline = TimeSpan.FromMinutes(2) },
        Step.BuildImage => new() { Deadline = TimeSpan.FromMinutes(25), Concurrency = 2 },
        Step.DeployRelease => new() { Deadline = TimeSpan.FromMinutes(20) },
        Step.ResolveUrl => new() { Deadline = TimeSpan.FromMinutes(2) },
        _ => new(),
    };
}
