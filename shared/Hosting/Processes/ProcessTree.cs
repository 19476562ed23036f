using System.Globalization;

namespace Paas.Hosting.Processes;

/// <summary>Who has started whom, as Linux tells in <c>/proc</c> (proc(5)).</summary>
internal static class ProcessTree
{
    /// <summary>A process that has not ended, or whose end nobody has asked for yet.</summary>
    internal readonly record struct Entry(int Id, int Parent, int Session, bool IsZombie);

    public static List<Entry> All()
    {
        var all = new List<Entry>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Read(id) is { } entry)
                all.Add(entry);
        }

        return all;
    }

    /// <summary>Whatever has a process among its ancestors, nearest first, each with its distance.</summary>
    public static List<(int Id, int Depth)> Descendants(int process)
    {
        var children = All().Where(entry => !entry.IsZombie).ToLookup(entry => entry.Parent, entry => entry.Id);
        var found = new List<(int Id, int Depth)>();
        var ahead = new Queue<(int Id, int Depth)>([(process, 0)]);
        while (ahead.TryDequeue(out var next))
        {
            foreach (var child in children[next.Id])
            {
                found.Add((child, next.Depth + 1));
                ahead.Enqueue((child, next.Depth + 1));
            }
        }

        return found;
    }

    private static Entry? Read(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
            // pid (name, which may have blanks and brackets) state ppid pgrp session ...
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ', 5);
            return new Entry(id, int.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture), fields[0] == "Z");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return null; // it has ended meanwhile
        }
    }
}
