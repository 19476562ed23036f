using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Secrets;

/// <summary>Keys as files that only their owner may read, whatever the umask.</summary>
internal sealed class PrivateKeyFiles(DirectoryInfo folder, ILoggerFactory loggers) : FileSystemXmlRepository(folder, loggers)
{
    public override void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        PrivateFolder.WriteFile(Path.Combine(Directory.FullName, $"{friendlyName}.xml"), element.Save);
    }
}
