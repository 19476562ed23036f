using System.Formats.Tar;
using System.Text;
using Paas.Contracts;
using Paas.Hosting.Artifacts;

namespace Paas.Deployer.Tests.Support;

/// <summary>Little apps, real ones.</summary>
internal static class TestApp
{
    /// <summary>Answers every request with its release, process id and path; what else it does is told by variables.</summary>
    public const string Web = """
        import http.server, json, os, signal, socket, subprocess, sys, threading, time
        env = os.environ
        print("starting", env.get("PAAS_RELEASE"), flush=True)
        if env.get("IGNORE_TERM"): signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if env.get("CHILD"):
            subprocess.Popen(["sleep", env["CHILD"]], start_new_session=True)
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/exit": os._exit(3)
                body = json.dumps({"release": env.get("PAAS_RELEASE"), "instance": env["PAAS_PROCESS"], "host": self.headers["Host"],
                                   "env": dict(env), "cwd": os.getcwd()}).encode()
                self.send_response(int(env.get("STATUS", "200")))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *args): pass
        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if env.get("IPV6") else socket.AF_INET
        port = int(env["PORT"]) + int(env.get("PORT_OFFSET", "0"))
        Server(("::1" if env.get("IPV6") else "127.0.0.1", port), Handler).serve_forever()
        """;

    public static RunPlan Python(string file = "app.py", string type = ProcessType.Web, int scale = 1, double timeout = 20, params (string Name, string Value)[] env) =>
        Plan([new ProcessType { Name = type, Command = Command("python3", file), Scale = scale }], timeout, env);

    public static RunPlan Plan(IReadOnlyList<ProcessType> processes, double timeout = 20, params (string Name, string Value)[] env) => new()
    {
        Runtime = RuntimeName.Process,
        Processes = processes,
        Health = new HealthCheck { Path = "/", Timeout = TimeSpan.FromSeconds(timeout) },
        // The machine's own python, whatever is in front of it in the tests' PATH.
        Env = env.Append(("PATH", "/usr/local/bin:/usr/bin:/bin")).ToDictionary(variable => variable.Item1, variable => variable.Item2),
    };

    public static CommandLine Command(params string[] words) => new() { Words = words };

    public static DeployRelease Release(Guid app, int release, string digest, RunPlan run) => new()
    {
        DeploymentId = Guid.NewGuid(),
        Attempt = 1,
        AppId = app,
        App = "shop",
        Environment = "production",
        Target = Target.Local,
        Release = release,
        ImageDigest = digest,
        Run = run,
        Commit = new string('c', 40),
    };

    public static Task<string> PackAsync(IArtifactStore artifacts, params (string Name, string Content)[] files) =>
        artifacts.SaveAsync(async stream =>
        {
            await using var tar = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true);
            foreach (var (name, content) in files)
            {
                var isLink = content.StartsWith("-> ", StringComparison.Ordinal);
                var entry = new GnuTarEntry(isLink ? TarEntryType.SymbolicLink : TarEntryType.RegularFile, name)
                {
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                };
                if (isLink)
                    entry.LinkName = content[3..];
                else
                    entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                await tar.WriteEntryAsync(entry);
            }
        }, CancellationToken.None);
}
