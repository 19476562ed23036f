using System.Globalization;
using System.Security.Cryptography;

namespace Paas.Deployer.Targets;

/// <summary>What people call a run: <c>run.</c> and four digits.</summary>
internal static class RunName
{
    private const int First = 1000, Numbers = 9000;

    /// <summary>One that no other run of the app has; the same again for the same id and the same others.</summary>
    public static string Choose(Guid runId, IEnumerable<string> taken)
    {
        var others = taken.ToHashSet(StringComparer.Ordinal);
        var number = (int)(BitConverter.ToUInt32(SHA256.HashData(runId.ToByteArray())) % Numbers);
        while (others.Contains(Of(number)) && others.Count < Numbers)
            number = (number + 1) % Numbers;
        return Of(number);
    }

    private static string Of(int number) => string.Create(CultureInfo.InvariantCulture, $"run.{First + number}");
}
