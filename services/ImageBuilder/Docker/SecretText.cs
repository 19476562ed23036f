namespace Paas.ImageBuilder.Docker;

/// <summary>Puts the names of secret build arguments in place of their values, where Docker has put the values in place of the names.</summary>
internal sealed class SecretText(IReadOnlyDictionary<string, string> secrets)
{
    // What is shorter is no secret, and is found in many a word.
    private const int MinLength = 4;

    private readonly List<KeyValuePair<string, string>> _longestFirst =
        [.. secrets.Where(secret => secret.Value.Length > 0).OrderByDescending(secret => secret.Value.Length).ThenBy(secret => secret.Key, StringComparer.Ordinal)];

    public string Hide(string text)
    {
        foreach (var (name, value) in _longestFirst)
        {
            text = text.Replace($"{name}={value}", $"{name}=…", StringComparison.Ordinal);
            if (value.Length >= MinLength)
                text = text.Replace(value, "$" + name, StringComparison.Ordinal);
        }

        return text;
    }
}
