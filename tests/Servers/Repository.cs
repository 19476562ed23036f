using System.Diagnostics;
using System.Text;
using Shouldly;

namespace Paas.Servers;

/// <summary>A real git repository in a folder of its own.</summary>
public sealed class Repository : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-repository-");

    public Repository(params (string Path, string Content)[] files)
    {
        Git("init", "-q", "-b", "main");
        if (files.Length > 0)
            Commit(files);
    }

    public string Path => _folder.FullName;

    public string Url => "file://" + _folder.FullName;

    public string Head { get; private set; } = new('0', 40);

    public static Repository Static(string text) => new((".paas.yml", "runtime: static\n"), ("index.html", text));

    /// <summary>A Dockerfile for a small server that answers with a text, from <c>busybox</c>.</summary>
    public static Repository Container(string text) => new(("Dockerfile", ContainerFile), ("index.html", text));

    private const string ContainerFile = """
        FROM busybox
        WORKDIR /www
        COPY index.html .
        USER 1000
        CMD ["sh", "-c", "exec httpd -f -p $PORT -h /www"]
        """;

    /// <summary>A small server that answers with what <paramref name="answer"/> evaluates to, a Python expression.</summary>
    public static Repository Python(string answer = "'hello'") => new((".paas.yml", "runtime: python\nentrypoint: [python, app.py]\n"), ("app.py", PythonApp(answer)));

    public static string PythonApp(string answer) => $$"""
        import os
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = str({{answer}}).encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):
                print('request', self.path, flush=True)

        print('listening on', os.environ['PORT'], flush=True)
        ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
        """;

    /// <summary>Writes the files and commits them.</summary>
    /// <returns>The commit SHA.</returns>
    public string Commit(params (string Path, string Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            var full = System.IO.Path.Combine(Path, path);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            File.WriteAllText(full, content);
        }

        Git("add", "-A");
        Git("commit", "-q", "--allow-empty", "-m", $"Change {files.FirstOrDefault().Path}");
        return Head = Git("rev-parse", "HEAD").Trim();
    }

    /// <summary>Makes a commit of what is written in the language of <c>git fast-import</c>: any number of files, of any size.</summary>
    public void FastImport(Action<Stream> write)
    {
        Run(["-c", "core.compression=1", "fast-import", "--quiet"], write);
        Head = Git("rev-parse", "HEAD").Trim();
    }

    public string Git(params string[] arguments) => Run(arguments);

    private string Run(string[] arguments, Action<Stream>? input = null)
    {
        var info = new ProcessStartInfo("git")
        {
            WorkingDirectory = Path,
            RedirectStandardInput = input is not null,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var argument in new[] { "-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false" }.Concat(arguments))
            info.ArgumentList.Add(argument);
        using var git = Process.Start(info)!;
        var error = git.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            input(git.StandardInput.BaseStream);
            git.StandardInput.Close();
        }

        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        git.ExitCode.ShouldBe(0, error.Result);
        return output;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
