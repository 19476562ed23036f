namespace Paas.Deployer;

internal static class UrlPath
{
    /// <summary>A path of a stranger's choice on a host of ours: it can't name another host.</summary>
    public static Uri At(Uri host, string path) => new(host.GetLeftPart(UriPartial.Authority) + "/" + path.TrimStart('/'));
}
