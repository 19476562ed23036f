using Paas.Hosting.Network;
using Paas.ImageBuilder.Docker;

namespace Paas.ImageBuilder;

/// <content>Images.</content>
internal static partial class ImageBuilderTexts
{
    private const string PushAgain = "Correct it and push again.";

    public static string WrongMemory() =>
        "ImageBuilder__BuildMemoryBytes has to be at least 16777216 (16 MiB), or be left out for builds without a limit.";

    public static string WrongCpus() => "ImageBuilder__BuildCpus has to be between 0.01 and 1024, such as 1.5, or be left out for builds without a limit.";

    public static string WrongCgroup(string given) =>
        $"ImageBuilder__BuildCgroup is '{given}'. It has to name a control group that is there, such as /paas-builds, or paas-builds.slice where systemd has the groups.";

    public static string WrongBaseImage(string setting, string given) =>
        $"ImageBuilder__BaseImages__{setting} is '{given}'. It has to name an image, such as registry.example.com/python:{{version}}-slim.";

    public static string ArchiveDamaged() => "the archive is damaged and cannot be read to its end.";

    public static string PathLeadsOut(string name) => $"'{Shown(name)}' leads out of the folder it belongs to.";

    public static string HardLink(string name, string target) => $"'{Shown(name)}' is a hard link to '{Shown(target)}', and only files, folders and symbolic links can be built.";

    public static string NeitherFileNorFolder(string name) => $"'{Shown(name)}' is neither a file, a folder nor a link. Remove it.";

    public static string MoreLinksLeftOut(int count) => $"{count} more links lead out of the app: left out.";

    public static string TooManyPatterns(string file, int max) => $"{file} has more than {max} lines that count. Say it with fewer, for example by leaving out whole folders.";

    public static string PatternInvalid(string file, int line, string pattern) => $"{file}, line {line}: '{Shown(pattern)}' is not a pattern. {PushAgain}";

    public static string NoDockerfile(string file) =>
        $"There is no file '{file}' in the repository. Commit it, or name the Dockerfile under build.dockerfile in .paas.yml.";

    public static string DockerfileTooLarge(string file) => $"'{file}' is too large for a Dockerfile. Shorten it: files belong beside it, and are copied.";

    public static string VersionInvalid(string runtime, string version) =>
        $"'{Shown(version)}' is not a version of {runtime} that an image could have. Correct it: 3.12 or 22 would be right, for example.";

    public static string SeveralPrograms(IReadOnlyList<string> folders) =>
        $"No file of package main is in the root of the app, and none under cmd/. It has {(folders.Count == 0 ? "no Go files" : $"Go files in {Listed(folders)}")}. Move the main package to the root or to cmd/NAME, or use a Dockerfile.";

    public static string GeneratedDockerfile(string runtime) => $"There is no Dockerfile: this one was made for {runtime}";

    public static string RunningDockerfile() => "Building the image";

    public static string UsingDockerfile(string file) => $"Using the repository's {file}";

    public static string LimitedTo(long? memory, double? cpus) => (memory, cpus) switch
    {
        ({ } bytes, { } count) => $"Each step may use {Size(bytes)} of memory and {Number(count)} CPUs",
        ({ } bytes, null) => $"Each step may use {Size(bytes)} of memory",
        _ => $"Each step may use {Number(cpus ?? 0)} CPUs",
    };

    public static string Reused(string commit) =>
        $"Nothing has changed since {(commit.Length > 10 ? commit[..10] : commit)} was built: using its image";

    public static string ArgumentsGiven(IEnumerable<string> names) => $"Build arguments from the app's variables: {Few(names)}";

    public static string HistoryCleaned() => "Took the values of config vars out of the image's history";

    public static string HistoryNotCleaned(string error) =>
        $"The Dockerfile asks for config vars with ARG, Docker writes their values into the image's history, and this Docker Engine does not let them be taken out ({error}). The image was removed. "
        + "Set these config vars with --run-only, or remove the ARG.";

    public static string StepCached(string step) => $"{step} cached";

    public static string Cached() => "cached";

    public static string DoneIn(TimeSpan time) => $"done in {Duration(time)}";

    public static string StepDone(string step, TimeSpan time) => $"{step} done in {Duration(time)}";

    public static string StepGoesOn(string step) => $"{step} …";

    public static string ImageBuilt(long bytes, TimeSpan time) => $"Built an image of {Size(bytes)} in {Duration(time)}";

    public static string ImageTooLarge(long bytes, long max) =>
        $"The image takes {Size(bytes)}, and {Size(max)} are allowed; it was removed. Leave out what the app does not need to run, begin from a smaller base image, or ask the operator to raise ImageBuilder__MaxImageBytes.";

    public static string StepFailed(BuildStep? step, int code) => $"{Named(step)} ended with exit code {code}.{LastLines(step)}\n{PushAgain}";

    public static string StepKilled(BuildStep? step) =>
        $"{Named(step)} was killed (exit code 137), perhaps because the engine's machine is short of memory.{LastLines(step)}\nLet it use less, and push again.";

    public static string OutOfMemory(BuildStep? step, long cap) =>
        $"{Named(step)} was killed (exit code 137): each step may use {Size(cap)} of memory, and it wanted more.{LastLines(step)}\nLet it use less, or ask the operator to raise ImageBuilder__BuildMemoryBytes.";

    public static string OutOfProcesses(BuildStep? step, int code) =>
        $"{Named(step)} ended with exit code {code}, and was refused another process: builds may have only so many.{LastLines(step)}\nLet it start fewer at a time, or ask the operator to raise pids.max of the control group (ImageBuilder__BuildCgroup).";

    public static string NoRoom(BuildStep? step, int code) =>
        $"{Named(step)} ended with exit code {code}, as the disk of the Docker Engine is full.{LastLines(step)}\nMake room there (docker system df shows what takes it), or see that the step does not write without end.";

    public static string StepRefused(BuildStep step, string error) => $"{Named(step)} failed: {error}.{LastLines(step)}\n{PushAgain}";

    public static string BuildRefused(string error) => $"The image cannot be built: {error}. {PushAgain}";

    public static string DockerfileInvalid(string file, int line, string what, string? text) =>
        $"{file} cannot be read: {what} (line {line}{(string.IsNullOrEmpty(text) ? "" : $": '{Shown(text)}'")}). {PushAgain}";

    public static string NoBaseImage(string image, string error, bool isGenerated) => isGenerated
        ? $"The base image {image} cannot be had: {error}. See that this version of the runtime exists; which images are used is up to the operator (ImageBuilder__BaseImages)."
        : $"The base image {image} cannot be had: {error}. Correct its name in the Dockerfile, or use one that everybody may fetch.";

    public static string BaseImageUnreachable(string image, string error, NetworkTrouble trouble) =>
        $"The base image {image} is not on the Docker Engine, and its registry cannot be reached: {error}. {NetworkTexts.Remedy(trouble, "the machine of the Docker Engine")}";

    public static string StepWithoutNetwork(BuildStep step, int? code, NetworkTrouble trouble) =>
        $"{NetworkTexts.Sentence(trouble)} {Named(step)} needs it{(code is null ? "" : $" and ended with exit code {code}")}. {NetworkTexts.Remedy(trouble, "the machine of the Docker Engine")}";

    public static string EngineTrouble(string error) => $"The Docker Engine could not go on with the build: {error}. See that its machine has room, and look at its log.";

    public static string SourcesNotTaken() =>
        "The Docker Engine broke off while it was sent the sources, and answers again: its disk may be full. See that its machine has room, and look at its log.";

    public static string NoImageMade() => "The Docker Engine has ended the build without an error and without an image. Look at its log.";

    private static string Named(BuildStep? step)
    {
        if (step is null)
            return "A step of the Dockerfile";
        // "[stage 2/5] RUN make"
        var end = step.Name.IndexOf(']', StringComparison.Ordinal);
        var number = end < 0 ? "" : step.Name[1..end].Split(' ')[^1];
        return number.Split('/') is [var which, var of] && end + 2 < step.Name.Length
            ? $"Step {which} of {of} of the Dockerfile, '{Shown(step.Name[(end + 2)..])}',"
            : $"'{Shown(step.Name)}'";
    }

    private static string LastLines(BuildStep? step) =>
        step is null || step.LastLines.Count == 0 ? "" : " The last it said:\n" + string.Join('\n', step.LastLines.Select(line => "    " + line));

    private static string Number(double number) => number.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);

    public static string ArgOfTheEngine(string arg) =>
        $"The build argument {arg} is one of the engine's own, which an app may not set: arguments that begin with BUILDKIT_ change how the engine builds. Remove it.";

    public static string FrontendRefused(string file, int line, string image) =>
        $"{file}, line {line}: '{image}' may not read the Dockerfile: only docker/dockerfile, Docker's own, may, such as docker/dockerfile:1. {PushAgain}";

    public static string HostNetwork(string file, int line) =>
        $"{file}, line {line}: a step may not use the network of the engine's machine. Remove --network, or set it to 'none' or 'default'. {PushAgain}";

    public static string TooManyBases(string file, int max) => $"{file} names more than {max} images. Name fewer.";

    public static string AddressUntold(string file, int line) =>
        $"{file}, line {line}: the host that ADD reads from is in a variable without a value in the Dockerfile. Write the host itself, or give the variable a value with ARG or ENV. {PushAgain}";

    public static string AddressRefused(string file, int line, string address) =>
        $"{file}, line {line}: ADD may not read {address}: its host is not one of the internet, and the engine would read it from its own machine. Use a public address, or ask the operator to name the host in ImageBuilder__AllowedHosts.";

    public static string RegistryRefused(string file, int line, string image) =>
        $"{file}, line {line}: {image} is in a registry that is not one of the internet. Use an image of a public registry, or ask the operator to name the host in ImageBuilder__AllowedHosts.";

    public static string BaseUntold(string file, int line) =>
        $"{file}, line {line}: which image is meant is in a variable without a value. Give it one with ARG, before the first FROM. {PushAgain}";

    public static string BaseById(string file, int line, string id) =>
        $"{file}, line {line}: '{id}' may be the beginning of an image's id, and images can't be named by their ids. Name an image with its tag, or with its registry's digest. {PushAgain}";

    public static string NotAnImage(string file, int line, string image) => $"{file}, line {line}: '{image}' is not the name of an image, such as python:3.12-slim. {PushAgain}";

    public static string BaseOfAnother(string file, int line, string image) =>
        $"{file}, line {line}: {image} is an image of another app, or belongs to the platform, and can't be used. Name another image. {PushAgain}";

    public static string LabelOfPlatform(string label) =>
        $"The image has the label {label}, and only the platform gives labels that begin with io.paas. Remove it from the Dockerfile, or use another base image, and push again.";
}
