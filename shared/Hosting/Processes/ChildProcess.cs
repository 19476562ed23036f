using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Paas.Hosting.Processes;

/// <summary>What to start, and with what around it.</summary>
public sealed record ChildProcessStart
{
    /// <summary>A name to look up in the <c>PATH</c> of <see cref="Environment"/>, or a path.</summary>
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public required string WorkingDirectory { get; init; }

    /// <summary>All the variables the process gets: nothing of the platform's own environment leaks into it.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>What the process belongs to, such as <c>build-1f0…</c>: everything it starts is ended with it.</summary>
    public required string BelongsTo { get; init; }

    /// <summary>How much address space the process, and each one it starts, may have; null for no limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Its folders, for somebody else's code, which is walled in where there are walls; null for the platform's own tools.</summary>
    public SandboxFolders? Folders { get; init; }

    /// <summary>Called for each line of standard output and standard error, one at a time.</summary>
    public Action<string>? OnLine { get; init; }

    /// <summary>
    /// Called for standard error only: then <see cref="OnLine"/> gets standard output alone and, where there is none, it is
    /// read from <see cref="ChildProcess.Output"/>.
    /// </summary>
    public Action<string>? OnErrorLine { get; init; }
}

/// <summary>A command is not there to be started, as when a runtime is not installed.</summary>
public sealed class CommandNotFoundException(string command) : Exception($"The command '{command}' was not found.")
{
    public string Command { get; } = command;
}

/// <summary>
/// A process of somebody else's code: started without a shell, in a session of its own, with only the environment
/// it is given, and ended together with everything it has started.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int MaxLineBytes = 16 * 1024;
    private static readonly TimeSpan TimeToStart = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly ProcessOwner _owner;
    private readonly string _belongsTo;
    private readonly bool _ownGroup;
    private readonly bool _isWalled;

    private ChildProcess(Process process, ProcessOwner owner, ChildProcessStart start, bool ownGroup, bool isWalled)
    {
        _process = process;
        _owner = owner;
        _belongsTo = start.BelongsTo;
        _ownGroup = ownGroup;
        _isWalled = isWalled;
        var gate = new Lock();
        var onLine = start.OnLine ?? (_ => { });
        var errors = ReadLinesAsync(process.StandardError.BaseStream, start.OnErrorLine ?? onLine, gate);
        var readers = start is { OnErrorLine: not null, OnLine: null }
            ? errors
            : Task.WhenAll(ReadLinesAsync(process.StandardOutput.BaseStream, onLine, gate), errors);
        Left = WaitForEndAsync();
        Exited = WaitAsync(readers);
    }

    public int Id => _process.Id;

    /// <summary>Standard output, when <see cref="ChildProcessStart.OnErrorLine"/> was given, and <see cref="ChildProcessStart.OnLine"/> not.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Done as soon as the process has ended, though what it has started may still write.</summary>
    public Task Left { get; }

    /// <summary>The exit code, once the process has ended and what it wrote was read; 128 + n if signal n ended it.</summary>
    public Task<int> Exited { get; }

    /// <exception cref="CommandNotFoundException">There is no such command.</exception>
    public static ChildProcess Start(ProcessOwner owner, ChildProcessStart start)
    {
        var file = FindCommand(start.Command, start.WorkingDirectory, start.Environment.GetValueOrDefault("PATH"))
            ?? throw new CommandNotFoundException(start.Command);
        var walled = start.Folders is { } folders ? owner.Sandbox.Wrap(file, start.Arguments, start.WorkingDirectory, folders) : null;
        // A session of its own keeps Ctrl-C in the platform's terminal away from it and makes it a group to signal.
        var setsid = OperatingSystem.IsLinux() ? FindCommand("setsid", "/", "/usr/bin:/bin") : null;
        string[] limited = start.MemoryBytes is { } bytes && MemoryLimit.Command is { } prlimit
            ? [prlimit, string.Create(CultureInfo.InvariantCulture, $"--as={bytes}"), "--"] : [];
        string[] command = [.. setsid is null ? [] : new[] { setsid }, .. limited, walled?.File ?? file];
        var info = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = start.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in command.Skip(1).Concat(walled?.Arguments ?? start.Arguments))
            info.ArgumentList.Add(argument);
        info.Environment.Clear();
        foreach (var (name, value) in start.Environment)
            info.Environment[name] = value;
        info.Environment[ProcessOwner.Variable] = owner.Mark(start.BelongsTo);

        var process = new Process { StartInfo = info };
        if (walled is not null)
        {
            ProcessLauncher.Start(process);
        }
        else
        {
            EscapedProcesses.Start(() =>
            {
                process.Start();
                return process.Id;
            });
        }

        if (start.MemoryBytes is { } memory && limited.Length == 0)
            MemoryLimit.Set(process.Id, memory);
        process.StandardInput.Close();
        return new ChildProcess(process, owner, start, setsid is not null, walled is not null);
    }

    /// <summary>Finds a command as <c>execvp(3)</c> does; a relative path is looked up from the working directory.</summary>
    public static string? FindCommand(string command, string workingDirectory, string? searchPath)
    {
        if (command.Length == 0)
            return null;
        if (command.Contains('/'))
            return IsExecutable(Path.GetFullPath(command, workingDirectory));
        return (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => IsExecutable(Path.GetFullPath(Path.Combine(folder, command), workingDirectory)))
            .FirstOrDefault(found => found is not null);
    }

    /// <summary>Asks the process and all it has started to end, waits, and kills what is left.</summary>
    /// <returns>False if it had to be killed.</returns>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        if (_isWalled)
            await TerminateWalledAsync();
        // Once only: to many programs a second SIGTERM means "at once". The group is for one that hides its variables.
        else if (!_owner.Terminate(_belongsTo).Contains(Id))
            Signal(Signals.Terminate);
        var inTime = await Task.WhenAny(Exited, Task.Delay(grace)) == Exited;
        Kill();
        await Exited;
        return inTime;
    }

    /// <summary>Waits for the end; when <paramref name="cancellation"/> comes first, kills the process and throws.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        try
        {
            return await Exited.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            Kill();
            await Exited;
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exited;
        EscapedProcesses.End(_owner);
        _process.Dispose();
    }

    /// <summary>
    /// bubblewrap is a process that waits and, below it, the first process of a namespace, which ends all others when
    /// it ends: neither is to be asked to end.
    /// </summary>
    private async Task TerminateWalledAsync()
    {
        for (var started = TimeProvider.System.GetTimestamp(); !Exited.IsCompleted && TimeProvider.System.GetElapsedTime(started) < TimeToStart;)
        {
            var inside = ProcessTree.Descendants(Id).Where(process => process.Depth > 1).ToList();
            foreach (var (id, _) in inside)
                Signals.Send(id, Signals.Terminate);
            if (inside.Count > 0)
                return;
            await Task.WhenAny(Exited, Task.Delay(10));
        }
    }

    private void Kill()
    {
        if (_isWalled && !Exited.IsCompleted)
        {
            // With its first process a namespace is empty, and only then does bubblewrap end.
            var first = ProcessTree.Descendants(Id).Where(process => process.Depth == 1).ToList();
            foreach (var (id, _) in first)
                Signals.Send(id, Signals.Kill);
            if (first.Count == 0)
                Signal(Signals.Kill);
        }
        else
        {
            Signal(Signals.Kill);
        }

        _owner.KillLeftovers(_belongsTo);
    }

    private void Signal(int signal)
    {
        if (Exited.IsCompleted)
            return;
        // Until setsid has run the process is not yet a group's leader.
        if (!_ownGroup || !Signals.Send(-_process.Id, signal))
            Signals.Send(_process.Id, signal);
    }

    private async Task WaitForEndAsync()
    {
        await _process.WaitForExitAsync();
        EscapedProcesses.Ended(_process.Id);
    }

    private async Task<int> WaitAsync(Task readers)
    {
        await Left;
        // A descendant that left the session may hold the pipes open: what it still writes is not waited for.
        await Task.WhenAny(readers, Task.Delay(TimeSpan.FromSeconds(2)));
        return _process.ExitCode;
    }

    private static string? IsExecutable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path)
            & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0) ? path : null;

    private static async Task ReadLinesAsync(Stream stream, Action<string> onLine, Lock gate)
    {
        var buffer = new byte[MaxLineBytes];
        var length = 0;
        var cutting = false;
        while (true)
        {
            int read;
            try
            {
                read = await stream.ReadAsync(buffer.AsMemory(length));
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                read = 0;
            }

            if (read == 0)
                break;
            length += read;
            var start = 0;
            for (int end; (end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
            {
                if (!cutting)
                    Emit(buffer.AsSpan(start, end));
                cutting = false;
            }

            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
            if (length == buffer.Length)
            {
                if (!cutting)
                    Emit(buffer);
                cutting = true;
                length = 0;
            }
        }

        if (length > 0 && !cutting)
            Emit(buffer.AsSpan(0, length));

        void Emit(ReadOnlySpan<byte> line)
        {
            var text = Encoding.UTF8.GetString(line).TrimEnd('\r');
            lock (gate)
                onLine(text);
        }
    }
}
