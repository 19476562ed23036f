namespace Paas.Cli.Help;

/// <summary>Examples for each command, without the command's own name.</summary>
internal static class HelpExamples
{
    private static readonly Dictionary<string, string[]> All = new(StringComparer.Ordinal)
    {
        [""] = ["quickstart", "apps create hello --repo https://github.com/you/hello", "deploy hello", "logs hello --follow", "help config set"],
        ["apps create"] = ["apps create hello --repo https://github.com/you/hello", "apps create hello --repo https://github.com/you/hello --branch develop --target docker"],
        ["apps update"] = ["apps update hello --branch develop", "apps update hello --repo-token-stdin < token"],
        ["apps delete"] = ["apps delete hello", "apps delete hello --yes"],
        ["config"] = ["config hello", "config set hello GREETING=Hello", "config get hello GREETING", "config unset hello GREETING"],
        ["config get"] = ["config get hello DATABASE_URL", "export KEY=\"$(paas config get hello KEY)\""],
        ["config set"] = ["config set hello GREETING=Hello NUMBER=2", "config set hello KEY=@key.pem", "pass show key | paas config set hello KEY=@-"],
        ["config unset"] = ["config unset hello GREETING NUMBER"],
        ["config export"] = ["config export hello > hello.env", "config export hello --json"],
        ["config import"] = ["config import hello .env", "config export hello | paas config import other"],
        ["config edit"] = ["config edit hello"],
        ["deploy"] = ["deploy hello", "deploy hello --ref develop", "deploy hello --commit 0123456789012345678901234567890123456789", "deploy hello --no-follow"],
        ["deployment"] = ["deployment hello", "deployment hello#7"],
        ["deployments"] = ["deployments", "deployments hello --limit 5"],
        ["cancel"] = ["cancel hello", "cancel hello#7"],
        ["logs"] = ["logs hello", "logs hello -t -n 20", "logs hello -p web --since 10m", "logs hello#7", "logs hello --run run.1234 --follow"],
        ["open"] = ["open hello"],
        ["releases"] = ["releases hello"],
        ["rollback"] = ["rollback hello", "rollback hello v3"],
        ["restart"] = ["restart hello"],
        ["run"] = ["run hello -- python manage.py migrate", "run hello --detach --timeout 2h -- ./report"],
        ["runs"] = ["runs hello", "runs stop hello run.1234"],
        ["scale"] = ["scale hello", "scale hello web=2 worker=1", "scale hello web=manifest"],
        ["login"] = ["login https://paas.example.com", "login https://paas.example.com --token-stdin < token"],
        ["up"] = ["up", "up --urls http://0.0.0.0:8080"],
        ["quickstart"] = ["quickstart", "quickstart --exit"],
        ["faults"] = ["faults", "faults hello#7", "faults --step BuildImage --since 2h"],
        ["replay"] = ["replay hello#7", "replay hello#7 --from BuildImage", "replay --all --step PublishImage"],
        ["discard"] = ["discard hello#7 --reason 'Deployed by hand'"],
        ["deliveries"] = ["deliveries", "deliveries hello"],
        ["completion"] = ["completion bash > ~/.local/share/bash-completion/completions/paas", "completion fish > ~/.config/fish/completions/paas.fish"],
    };

    public static IReadOnlyList<string> Of(string command) => All.GetValueOrDefault(command) ?? [];
}
