using System.Security.Cryptography;
using System.Text;
using Paas.Contracts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Git;

/// <summary>The right to read a private repository.</summary>
internal sealed record RemoteAccess(string? Token, string? Authorization)
{
    public static RemoteAccess Open(string? sealedToken, SecretSealer sealer)
    {
        if (sealedToken is null)
            return new(null, null);
        string token;
        try
        {
            token = sealer.Open(sealedToken).Trim();
        }
        catch (CryptographicException exception)
        {
            throw new StepPermanentException(CodeDownloaderTexts.TokenNotOpened(), exception);
        }

        if (token.Length == 0 || token.Any(char.IsControl))
            throw new StepFailedException(FailureReason.RepositoryNeedsCredentials, CodeDownloaderTexts.TokenMalformed());
        // GitHub wants this user name, GitLab and Gitea take any; others are told as "user:token".
        var credentials = token.Contains(':') ? token : "x-access-token:" + token;
        return new(token, "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
    }

    // A record would print them.
    public override string ToString() => nameof(RemoteAccess);
}
