namespace Paas.Deployer.Tests.Support;

/// <summary>Compares long lists, and shows where they part instead of all of them.</summary>
internal static class Sequence
{
    public static void ShouldBeSame(IEnumerable<string> actual, IEnumerable<string> expected)
    {
        var (are, should) = (actual.ToList(), expected.ToList());
        var same = are.Zip(should).TakeWhile(pair => pair.First == pair.Second).Count();
        if (are.Count != should.Count || same != are.Count)
            Assert.Fail($"{are.Count} lines instead of {should.Count}; from line {same} on: {Show(are, same)} instead of {Show(should, same)}");
    }

    private static string Show(List<string> lines, int from) => string.Join(" / ", lines.Skip(Math.Max(0, from - 3)).Take(12));
}
