namespace Paas.Hosting.Network;

/// <summary>What people are told about hosts that can't be reached.</summary>
public static class NetworkTexts
{
    /// <summary>One sentence: which host, and what is wrong.</summary>
    public static string Sentence(NetworkTrouble trouble)
    {
        var (host, tool) = (trouble.Host ?? "A host", trouble.Tool ?? "The platform");
        var reach = $"{tool} could not reach {trouble.Host ?? "a host it needs"}";
        return trouble.Problem switch
        {
            NetworkProblem.NameNotResolved => $"{reach}: the name could not be resolved.",
            NetworkProblem.NoConnection => $"{reach}: no connection could be made.",
            NetworkProblem.TimedOut => $"{reach}: it did not answer in time.",
            NetworkProblem.BrokeOff => $"{reach}: the connection broke off.",
            NetworkProblem.NotSecured => $"{reach}: no secure connection (TLS) could be made.",
            NetworkProblem.ProxyFailed => $"{reach}: the proxy refused the connection or could not be reached.",
            NetworkProblem.TooManyRequests => $"{host} accepts no more requests for now ({trouble.Status ?? 429}).",
            NetworkProblem.Denied => $"{host} refused the request ({trouble.Status ?? 403}): it may block this network, or the package may be private.",
            _ => $"{host} has trouble of its own ({trouble.Status ?? 500}).",
        };
    }

    /// <summary>What to look at, for whoever operates the platform.</summary>
    /// <param name="trouble">What is wrong.</param>
    /// <param name="machine">Who has to reach the host: "the platform's machine".</param>
    public static string Remedy(NetworkTrouble trouble, string machine)
    {
        var host = trouble.Host ?? "the host";
        return trouble.Problem switch
        {
            NetworkProblem.TooManyRequests => $"If this lasts, log in to {host}, or use a mirror of it.",
            NetworkProblem.Denied => $"If this lasts, check whether {host} serves {machine}, or use a mirror of it.",
            NetworkProblem.ServerError => $"If this lasts, look whether {host} reports an outage.",
            NetworkProblem.NotSecured => $"If this lasts, check that {machine} trusts the certificate of {host}, and its clock and proxy.",
            _ => $"If this lasts, check that {machine} can reach {host}: its network, DNS and proxy.",
        };
    }
}
