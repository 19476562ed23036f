using System.Net;
using System.Net.Sockets;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// Free ports, each given out once before any is given out again: a request on its way to an app that has just
/// ended must not reach another app.
/// </summary>
internal sealed class PortPool
{
    // Below the ports that Linux, Windows and macOS take for outgoing connections.
    private const int First = 20_000;
    private const int Count = 12_000;
    private int _next = Random.Shared.Next(Count);

    public int Take()
    {
        for (var i = 0; i < Count; i++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            if (IsFree(port))
                return port;
        }

        throw new IOException(DeployerTexts.NoFreePort(First, First + Count - 1));
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
