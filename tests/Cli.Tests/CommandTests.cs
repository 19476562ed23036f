using System.Text.Json;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

/// <summary>Each command against a platform that answers.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private FakePlatform _platform = null!;
    private PaasCommand _paas = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await FakePlatform.StartAsync();
        _paas = new PaasCommand(_platform);
    }

    public async ValueTask DisposeAsync()
    {
        _paas.Dispose();
        await _platform.DisposeAsync();
    }

    [Fact]
    public async Task Apps_are_listed_in_columns()
    {
        _platform.On("GET /v1/apps", Samples.Page(Samples.App(), Samples.App("a-longer-name") with { Release = null }));

        _platform.On("GET /v1/instances", new InstancesResponse { Instances = [Samples.Instance(), Samples.Instance("web.2") with { State = InstanceState.Restarting, Restarts = 7 }] });

        var outcome = await _paas.RunAsync("apps");

        outcome.ShouldBe(new Outcome(0, """
            NAME           RELEASE  LAST DEPLOYMENT  INSTANCES                             TARGET  URL
            shop           v3       Succeeded        1 of 2 running, web.2 keeps crashing  local   http://shop.localhost:8080/
            a-longer-name  -        Succeeded        -                                     local   http://a-longer-name.localhost:8080/

            """, ""));
    }

    [Fact]
    public async Task Instances_of_an_app_are_shown_with_how_they_ended_and_what_happened()
    {
        var now = DateTime.UtcNow;
        _platform.On("GET /v1/apps/shop/instances", new InstancesResponse
        {
            Instances =
            [
                Samples.Instance() with { LastLine = "listening" },
                Samples.Instance("web.2") with
                {
                    State = InstanceState.Restarting,
                    Since = now.AddSeconds(-10),
                    Restarts = 7,
                    LastExitCode = 3,
                    LastExitAt = now.AddSeconds(-10),
                    LastLine = "no \u001b[31mdatabase",
                },
            ],
        });
        _platform.On("GET /v1/apps/shop/events", Samples.Page(new AppEventResponse
        {
            Id = Samples.Id,
            Kind = AppEventKind.CrashLooping,
            Process = "web",
            Instance = "web.2",
            Release = 3,
            At = now.AddHours(-3),
            LastAt = now.AddHours(-2).AddMinutes(-1),
            Restarts = 7,
            Message = "web.2 of v3 keeps crashing.",
        }));

        (await _paas.RunAsync("ps", "shop")).ShouldBe(new Outcome(0, """
            INSTANCE  STATE       SINCE      RELEASE  RESTARTS  LAST EXIT         LAST LINE
            web.1     running     5 min ago  v3       0         -                 listening
            web.2     restarting  just now   v3       7         code 3, just now  no database
            2 h ago: web.2 of v3 keeps crashing.

            """, ""));
    }

    [Fact]
    public async Task Instances_of_all_apps_are_shown_as_far_as_they_are_known()
    {
        _platform.On("GET /v1/instances", new InstancesResponse
        {
            Instances = [Samples.Instance(app: "blog"), Samples.Instance()],
            Unknown = [new SilentTarget { Target = Target.Docker, Message = "The deployer is silent." }],
        });

        (await _paas.RunAsync("ps")).ShouldBe(new Outcome(0, """
            APP   INSTANCE  STATE    SINCE      RELEASE  RESTARTS  LAST EXIT
            blog  web.1     running  5 min ago  v3       0         -
            shop  web.1     running  5 min ago  v3       0         -
            The deployer is silent.

            """, ""));
    }

    [Fact]
    public async Task An_app_without_instances_says_so()
    {
        _platform.On("GET /v1/apps/shop/instances", new InstancesResponse { Instances = [] });
        _platform.On("GET /v1/apps/shop/events", Samples.Page<AppEventResponse>());

        (await _paas.RunAsync("ps", "shop")).ShouldBe(new Outcome(0, "shop has no instances: it is not deployed, or scaled to zero. See: paas scale shop\n", ""));
    }

    [Theory]
    [InlineData("[]", "[]", "none")]
    [InlineData("[\"running\"]", "[]", "1 of 1 running")]
    [InlineData("[\"running\", \"starting\"]", "[\"docker\"]", "1 of 2 running; not running: shop (web.2 starting); unknown on docker")]
    public async Task Status_tells_of_the_instances_in_a_line(string states, string silent, string line)
    {
        _platform.On("GET /health/ready", new { status = "Healthy" });
        _platform.On("GET /v1/status", new StatusResponse { Caller = "operator", InProgress = 0, Deployments = [], Faults = 0 });
        _platform.On("GET /v1/instances", new InstancesResponse
        {
            Instances = [.. JsonSerializer.Deserialize<string[]>(states)!.Select((state, i) => Samples.Instance($"web.{i + 1}") with { State = state })],
            Unknown = [.. JsonSerializer.Deserialize<string[]>(silent)!.Select(target => new SilentTarget { Target = target, Message = "" })],
        });

        (await _paas.RunAsync("status")).Output.ShouldContain($"\nInstances   {line}\n");
    }

    [Fact]
    public async Task An_app_is_created_with_what_was_given()
    {
        _platform.On("POST /v1/apps", Samples.App() with { WebhookSecret = "made-by-the-platform" }, 201);

        var outcome = await _paas.RunAsync(
            "apps", "create", "shop", "--repo", "https://git.example.com/me/shop", "--branch", "trunk", "--target", "docker", "--policy", "queue");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("made-by-the-platform   (shown this once)");
        outcome.Output.ShouldContain("http://127.0.0.1:8080/webhooks/github");
        Body(_platform.Only("POST", "/v1/apps")).ShouldBe(
            """{"name":"shop","repository":"https://git.example.com/me/shop","branch":"trunk","target":"docker","policy":"queue"}""");
    }

    [Fact]
    public async Task A_webhook_secret_comes_on_standard_input_and_is_not_shown()
    {
        _platform.On("POST /v1/apps", Samples.App() with { WebhookSecret = "my own secret, long enough" }, 201);

        var outcome = await _paas.RunAsync("my own secret, long enough\n", ["apps", "create", "shop", "--repo", "https://x.example/y", "--webhook-secret-stdin"]);

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldNotContain("my own secret");
        _platform.Only("POST", "/v1/apps").Body.ShouldContain("\"webhookSecret\":\"my own secret, long enough\"");
    }

    [Fact]
    public async Task An_empty_token_is_removed_by_an_update()
    {
        _platform.On("PATCH /v1/apps/shop", Samples.App());

        var outcome = await _paas.RunAsync("", ["apps", "update", "shop", "--repo-token-stdin"]);

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        Body(_platform.Only("PATCH", "/v1/apps/shop")).ShouldBe("""{"repositoryToken":""}""");
    }

    [Fact]
    public async Task An_app_is_shown()
    {
        _platform.On("GET /v1/apps/shop", Samples.App());

        var outcome = await _paas.RunAsync("apps", "info", "shop");

        outcome.ExitCode.ShouldBe(0);
        outcome.Output.ShouldContain("Repository       https://git.example.com/me/shop\n");
    }

    [Fact]
    public async Task An_app_is_deleted_only_when_that_is_sure()
    {
        _platform.On("DELETE /v1/apps/shop", context => context.Response.WriteNothingAsync(204));

        var unsure = await _paas.RunAsync("shop\n", ["apps", "delete", "shop"]);
        var sure = await _paas.RunAsync("apps", "delete", "shop", "--yes");

        unsure.ExitCode.ShouldBe(2);
        unsure.Error.ShouldContain($"To delete shop on {_platform.Url} all the same, add --yes.");
        sure.ShouldBe(new Outcome(0, $"The app shop on {_platform.Url} is deleted, with its deployments and releases. What runs of it, and its add-ons, are being removed.\n", ""));
        _platform.Only("DELETE", "/v1/apps/shop");
    }

    [Fact]
    public async Task Config_vars_come_from_words_files_and_standard_input()
    {
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [] });
        File.WriteAllText(Path.Combine(_paas.Folder, "key.pem"), "BEGIN\nEND\n");

        var outcome = await _paas.RunAsync("from stdin\n", ["config", "set", "shop", "A=b=c", "EMPTY=", "KEY=@key.pem", "PIPED=@-", "AT=@@home"]);

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        JsonSerializer.Deserialize<Dictionary<string, string?>>(_platform.Only("PATCH", "/v1/apps/shop/config-vars").Body).ShouldBe(new Dictionary<string, string?>
        {
            ["A"] = "b=c",
            ["EMPTY"] = "",
            ["KEY"] = "BEGIN\nEND",
            ["PIPED"] = "from stdin",
            ["AT"] = "@home",
        }, ignoreOrder: true);
    }

    [Theory]
    [InlineData("NAME")]
    [InlineData("=value")]
    [InlineData("NAME=@missing-file")]
    public async Task What_sets_nothing_is_a_mistake(string assignment)
    {
        var outcome = await _paas.RunAsync("config", "set", "shop", assignment);

        outcome.ExitCode.ShouldBe(2);
        outcome.Output.ShouldBeEmpty();
        _platform.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Unset_config_vars_are_sent_as_null_and_their_deployment_is_followed()
    {
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [], DeploymentId = Samples.Id });
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("config", "unset", "shop", "A", "B");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("shop v4 is live");
        _platform.Only("PATCH", "/v1/apps/shop/config-vars").Body.ShouldBe("""{"A":null,"B":null}""");
    }

    [Theory]
    [InlineData("--run-only", "true", "")]
    [InlineData("--for-build", "false", "Builds see the change with the next deployment of code.\n")]
    public async Task Config_vars_say_whether_builds_see_them(string option, string runOnly, string said)
    {
        var item = new ConfigVarResponse { Name = "A", Preview = "••••", RunOnly = runOnly == "true", UpdatedAt = DateTime.UtcNow };
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [item], DeploymentId = Samples.Id });

        var outcome = await _paas.RunAsync("config", "set", "shop", option, "A=1", "--no-follow");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldEndWith("to the running app.\n" + said);
        _platform.Only("PATCH", "/v1/apps/shop/config-vars").Target.ShouldEndWith($"?runOnly={runOnly}");
    }

    [Fact]
    public async Task Config_vars_are_listed_masked()
    {
        var answer = new ConfigVarsResponse { Items = [new ConfigVarResponse { Name = "KEY", Preview = "****cdef", UpdatedAt = DateTime.UtcNow }] };
        _platform.On("GET /v1/apps/shop/config-vars", answer);

        (await _paas.RunAsync("config", "shop")).Output.ShouldBe((await _paas.RunAsync("config", "list", "shop")).Output);
        (await _paas.RunAsync("config", "shop")).Output.ShouldContain("KEY   ****cdef  app, builds  just now");
    }

    [Fact]
    public async Task A_rollback_names_the_release_as_people_do()
    {
        _platform.On("POST /v1/apps/shop/releases/3/rollback", Samples.Deployment(DeploymentStates.Requested), 202);

        var outcome = await _paas.RunAsync("rollback", "shop", "v3", "--no-follow");
        var wrong = await _paas.RunAsync("rollback", "shop", "latest");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("paas logs shop#7 --follow");
        wrong.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Deployments_releases_and_deliveries_are_listed()
    {
        _platform.On("GET /v1/deployments", Samples.Page(Samples.Failed()) with { Next = "c2" });
        _platform.On("GET /v1/apps/shop/deployments", Samples.Page(Samples.Succeeded()));
        _platform.On("GET /v1/apps/shop/releases", Samples.Page(new ReleaseResponse
        {
            Version = 12,
            DeploymentId = Samples.Id,
            Commit = new string('a', 40),
            ImageDigest = "sha256:" + new string('b', 64),
            Description = "Rollback to v3",
            State = ReleaseStates.Live,
            CreatedAt = DateTime.UtcNow.AddMinutes(-3).AddSeconds(-5),
        }));
        _platform.On("GET /v1/deliveries", Samples.Page(new DeliveryResponse
        {
            Id = Samples.Id,
            Event = "push",
            App = "shop",
            Ref = "refs/heads/main",
            ReceivedAt = DateTime.UtcNow,
            Decision = DeliveryDecisions.Ignored,
            Reason = "The branch was deleted.",
        }));

        (await _paas.RunAsync("deployments", "--limit", "1")).Output.ShouldSatisfyAllConditions(
            output => output.ShouldContain("'entrypont' is not known"),
            output => output.ShouldContain("--cursor c2"));
        (await _paas.RunAsync("deployments", "shop")).Output.ShouldContain("shop#7      Succeeded  1a2b3c4  v4");
        (await _paas.RunAsync("releases", "shop")).Output.ShouldContain("v12      Live   aaaaaaa  3 min ago  Rollback to v3");
        (await _paas.RunAsync("deliveries", "shop")).Output.ShouldContain("Ignored   The branch was deleted.");
        (await _paas.RunAsync("deliveries", "other")).Output.ShouldContain("No deliveries");
        _platform.Requests.ShouldContain(request => request.Target == "/v1/deployments?limit=1");
    }

    [Fact]
    public async Task An_app_stands_for_its_newest_deployment()
    {
        _platform.On("GET /v1/apps/shop/deployments", Samples.Page(Samples.Failed()));
        _platform.On($"GET /v1/deployments/{Samples.Id}", Samples.Failed());
        _platform.On($"POST /v1/deployments/{Samples.Id}/cancel", Samples.Failed(), 202);

        (await _paas.RunAsync("deployment", "shop")).Output.ShouldContain("Failed in ValidateConfiguration (ManifestInvalid)");
        (await _paas.RunAsync("cancel", "shop")).ExitCode.ShouldBe(0);
        _platform.Only("POST", $"/v1/deployments/{Samples.Id}/cancel");
    }

    [Fact]
    public async Task A_log_is_printed_without_what_would_harm_a_terminal()
    {
        _platform.On($"GET /v1/deployments/{Samples.Id}/logs", async context =>
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.Body.WriteAsync("\u001b[31mred\u001b[0m [bold]text[/]\n\u001b]0;title\u0007done\u202e\n"u8.ToArray());
        });

        (await _paas.RunAsync("logs", $"{Samples.Id}")).ShouldBe(new Outcome(0, "red [bold]text[/]\ndone\n", ""));
    }

    [Fact]
    public async Task A_replay_is_followed_from_its_new_attempt()
    {
        var asked = 0;
        _platform.On($"GET /v1/deployments/{Samples.Id}", context => context.Response.WriteJsonAsync(
            Interlocked.Increment(ref asked) <= 2 ? Samples.Faulted() : Samples.Deployment(DeploymentStates.DownloadingCode, StepStates.Running) with { Attempt = 2 }));
        _platform.On($"POST /v1/admin/faults/{Samples.Id}/replay", context => context.Response.WriteNothingAsync(202));
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("replay", $"{Samples.Id}", "--from", "BuildImage");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        _platform.Only("POST", $"/v1/admin/faults/{Samples.Id}/replay").Body.ShouldBe("""{"from":"BuildImage"}""");
        asked.ShouldBe(3);
    }

    [Fact]
    public async Task Json_is_what_the_api_said()
    {
        const string Exactly = """{"items":[{"name":"x","unknownToThisVersion":[1]}],"next":null}""";
        foreach (var path in (string[])["apps", "deployments", "deliveries", "admin/faults", "admin/dead-messages", "apps/shop/releases", "apps/shop/config-vars", "apps/shop"])
            _platform.On($"GET /v1/{path}", context => context.Response.WriteRawAsync(Exactly));
        foreach (var command in (string[])["apps", "deployments", "deliveries", "faults", "dead-messages", "releases shop", "config shop", "apps info shop"])
            (await _paas.RunAsync([.. command.Split(' '), "--json"])).ShouldBe(new Outcome(0, Exactly + "\n", ""), command);
    }

    [Fact]
    public async Task The_status_tells_what_is_underway()
    {
        _platform.On("GET /health/ready", "Healthy");
        _platform.On("GET /v1/status", new StatusResponse
        {
            Caller = "operator",
            InProgress = 1,
            Deployments = [new DeploymentSummaryResponse { Id = Samples.Id, Name = Samples.Name, State = DeploymentStates.BuildingImage }],
            Faults = 0,
        });
        _platform.On("GET /v1/targets", new TargetsResponse
        {
            Items = [new() { Name = "local", WalledIn = false, Reason = "bubblewrap is not installed." }, new() { Name = "docker", WalledIn = true }],
        });

        var outcome = await _paas.RunAsync("status");
        using var json = JsonDocument.Parse((await _paas.RunAsync("status", "--json")).Output);

        outcome.ShouldBe(new Outcome(0, $"""
            Platform    {_platform.Url} (from PAAS_URL)
            State       ready
            Deploying   shop#7: BuildingImage
            Target      local: apps are not walled in and can read the platform's data. bubblewrap is not installed.
            Target      docker: apps are walled in
            Instances   unknown
            Faults      none

            """, ""));
        json.RootElement.GetProperty("deployments").GetArrayLength().ShouldBe(1);
        (await _paas.RunAsync("whoami")).Output.ShouldBe($"operator on {_platform.Url} (from PAAS_URL)\n");
    }

    [Fact]
    public async Task A_deployment_is_known_by_its_name()
    {
        _platform.On("GET /v1/deployments/shop%237", Samples.Failed());
        _platform.On($"GET /v1/deployments/{Samples.Id}", Samples.Failed());
        _platform.On($"GET /v1/deployments/{Samples.Id}/logs", context => context.Response.WriteRawAsync("a line\n"));

        (await _paas.RunAsync("deployment", "shop#7")).Output.ShouldContain("shop#7 (0a1b2c3d");
        (await _paas.RunAsync("logs", "shop#7", "-n", "5")).Output.ShouldBe("a line\n");
        _platform.Requests.ShouldContain(request => request.Target.EndsWith("/logs?tail=5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_newest_deployment_tells_why_nothing_runs()
    {
        _platform.On("GET /v1/apps/shop/logs", new { title = "Conflict", detail = "shop has no live release.", code = ProblemCodes.NothingPrinted, app = "shop" }, 409);
        _platform.On("GET /v1/apps/shop/deployments", Samples.Page(Samples.Failed()));
        _platform.On($"GET /v1/deployments/{Samples.Id}/logs", context => context.Response.WriteRawAsync("a line\n"));

        var outcome = await _paas.RunAsync("logs", "shop");

        outcome.ShouldBe(new Outcome(0, "a line\n", "shop has no live release; this is the log of its newest deployment, shop#7.\n"));
    }

    [Fact]
    public async Task A_rollback_without_a_version_goes_to_the_release_before_the_live_one()
    {
        _platform.On("GET /v1/apps/shop/releases", Samples.Page(
            Release(6, ReleaseStates.Failed), Release(5, ReleaseStates.Live), Release(4, ReleaseStates.Failed), Release(3, ReleaseStates.Retired), Release(2, ReleaseStates.Retired)));
        _platform.On("POST /v1/apps/shop/releases/3/rollback", Samples.Deployment(DeploymentStates.Requested), 202);

        var outcome = await _paas.RunAsync("rollback", "shop", "--no-follow");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        _platform.Only("POST", "/v1/apps/shop/releases/3/rollback");
    }

    [Theory]
    [InlineData("set SAME=x", "Nothing changed: SAME of shop had that value already.\n")]
    [InlineData("unset GONE", "Nothing changed: GONE of shop was not set.\n")]
    public async Task A_change_that_changes_nothing_is_told_as_what_it_is(string command, string said)
    {
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [], Changed = [], IsLive = true });

        var words = command.Split(' ');
        (await _paas.RunAsync("config", words[0], "shop", words[1])).ShouldBe(new Outcome(0, said, ""));
    }

    [Fact]
    public async Task Config_vars_are_read_exported_and_imported()
    {
        _platform.On("GET /v1/apps/shop/config-vars", new ConfigVarsResponse
        {
            Items =
            [
                new ConfigVarResponse { Name = "KEY", Preview = "…", Value = "one\ntwo \"#3\"", UpdatedAt = DateTime.UtcNow },
                new ConfigVarResponse { Name = "URL", Preview = "…", Value = "postgres://a:b@c/d?e=f", UpdatedAt = DateTime.UtcNow },
            ],
        });
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [], Changed = ["KEY"], IsLive = false });

        (await _paas.RunAsync("config", "get", "shop", "URL")).ShouldBe(new Outcome(0, "postgres://a:b@c/d?e=f\n", ""));
        (await _paas.RunAsync("config:get", "shop", "NONE")).ExitCode.ShouldBe(4);
        var exported = await _paas.RunAsync("config", "export", "shop");
        exported.ShouldBe(new Outcome(0, "KEY=\"one\\ntwo \\\"#3\\\"\"\nURL=postgres://a:b@c/d?e=f\n", ""));
        var imported = await _paas.RunAsync("# a comment\n\nexport SINGLE='a $b' # another\n" + exported.Output, ["config", "import", "shop"]);

        imported.ExitCode.ShouldBe(0, imported.Error);
        JsonSerializer.Deserialize<Dictionary<string, string?>>(_platform.Only("PATCH", "/v1/apps/shop/config-vars").Body).ShouldBe(new Dictionary<string, string?>
        {
            ["SINGLE"] = "a $b",
            ["KEY"] = "one\ntwo \"#3\"",
            ["URL"] = "postgres://a:b@c/d?e=f",
        }, ignoreOrder: true);
    }

    [Fact]
    public async Task Config_vars_are_edited()
    {
        _platform.On("GET /v1/apps/shop/config-vars", new ConfigVarsResponse
        {
            Items = [.. ((string[])["A", "B", "C"]).Select(name => new ConfigVarResponse { Name = name, Preview = "…", Value = "1", UpdatedAt = DateTime.UtcNow })],
        });
        _platform.On("PATCH /v1/apps/shop/config-vars", new ConfigVarsResponse { Items = [], Changed = ["A", "B"], IsLive = false });
        _paas.Environment["EDITOR"] = "sed -i -e s/A=1/A=2/ -e /B=/d";

        (await _paas.RunAsync("config", "edit", "shop")).ExitCode.ShouldBe(0);
        _platform.Only("PATCH", "/v1/apps/shop/config-vars").Body.ShouldBe("""{"A":"2","B":null}""");
    }

    private static ReleaseResponse Release(int version, string state) => new()
    {
        Version = version,
        DeploymentId = Samples.Id,
        ImageDigest = "sha256:" + new string('b', 64),
        Description = "Deploy",
        State = state,
        CreatedAt = DateTime.UtcNow,
    };

    private static string Body(SeenRequest request) => request.Body;
}
