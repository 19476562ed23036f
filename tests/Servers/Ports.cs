using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Paas.Servers;

public static class Ports
{
    // Below the ports that the system takes for outgoing connections and those that the platform gives to apps: a port
    // handed out here is free until whoever asked for it listens there.
    private const int First = 10_000;
    private const int End = 20_000;
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>A port of the loopback address that nobody listens on, and that is given out once.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            if (IsFree(port) && Given.TryAdd(port, true))
                return port;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
