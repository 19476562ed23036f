using Microsoft.Extensions.Configuration;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Messaging.RabbitMq;

/// <summary>Section <c>RabbitMq</c>.</summary>
internal sealed class RabbitMqOptions
{
    /// <summary><c>amqp://user:password@host:5672/vhost</c>; the user needs configure, write and read.</summary>
    public required Uri Uri { get; init; }

    /// <summary>
    /// The broker's <c>consumer_timeout</c>: it takes a message back from a consumer that holds it for longer, and the
    /// step begins again. 30 minutes unless rabbitmq.conf says otherwise (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout).
    /// </summary>
    public TimeSpan ConsumerTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <exception cref="StartException">A setting can't be used.</exception>
    public static RabbitMqOptions From(IConfiguration configuration)
    {
        var section = configuration.GetSection("RabbitMq");
        if (!Uri.TryCreate(section["Uri"], UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps"))
            throw new StartException(StartTexts.BrokerUri());
        var timeout = section["ConsumerTimeout"] is { Length: > 0 } text ? TimeSpan.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : TimeSpan.FromMinutes(30);
        return new RabbitMqOptions { Uri = uri, ConsumerTimeout = timeout };
    }

    /// <summary>A step may not be held for as long as the broker would take it away.</summary>
    /// <exception cref="StartException">One may.</exception>
    public void Check(StepPolicies policies)
    {
        var longest = Step.InOrder.MaxBy(step => policies[step].Deadline)!;
        if (policies[longest].Deadline + StepRunner.StopTime >= ConsumerTimeout)
            throw new StartException(StartTexts.DeadlineTooLong(longest, policies[longest].Deadline, StepRunner.StopTime, ConsumerTimeout));
    }
}
