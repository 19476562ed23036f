using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class TargetTests
{
    [Theory]
    [InlineData("mongodb:7", "MONGODB_URI")]
    [InlineData("postgres", "DATABASE_URL")]
    [InlineData("mysql", "DATABASE_URL")]
    [InlineData("mysql", "MYSQL_URL")]
    [InlineData("mariadb", "MYSQL_URL")]
    [InlineData("redis", "REDIS_URL")]
    [InlineData("rabbitmq", "RABBITMQ_URL")]
    [InlineData("rabbitmq", "AMQP_URL")]
    public async Task Services_on_local_are_run_by_hand(string service, string variable)
    {
        var manifest = $"entrypoint: ./run\nservices: [{service}]";
        var message = await App.WithManifest(manifest).On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget);
        message.ShouldStartWith(".paas.yml, line 2, column 12: ");
        message.ShouldContain(variable);

        var app = App.WithManifest(manifest).On(Target.Local).ConfigVars(variable);
        (await app.PlanAsync()).Run.AddOns.ShouldBeEmpty();
        app.Log.Lines.ShouldContain($"       Service: {service.Split(':')[0]}, which {variable} already points to");
    }

    [Fact]
    public async Task Local_has_no_volumes()
    {
        var message = await App.WithManifest("entrypoint: ./run\nvolumes: {data: /data}").On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget);
        message.ShouldStartWith(".paas.yml, line 2, column 11: the target 'local'");
    }

    [Fact]
    public async Task Volumes_are_kept_by_name_for_a_target_that_has_them()
    {
        var app = App.WithManifest("entrypoint: ./run\nvolumes: {data: /app/data/, uploads-2: /var/lib/app}").On(Target.Docker);
        (await app.PlanAsync()).Run.Volumes.ShouldBe([new() { Name = "data", Path = "/app/data" }, new() { Name = "uploads-2", Path = "/var/lib/app" }]);
        app.Log.Lines.ShouldContain("       Volume: data at /app/data");
        (await App.WithManifest("entrypoint: ./run").On(Target.Docker).PlanAsync()).Run.Volumes.ShouldBeNull();
    }

    [Theory]
    [InlineData(".paas.yml", "services:\n  - mongodb: 6.0.2\n  - postgres: 6.10\n  - redis\n  - mysql:8")]
    [InlineData(".paas.yml", "services: [{mongo: 6.0.2, pg: 6.10}, {redis: }, 'mysql:8']")]
    [InlineData(".paas.yml", "services:\n  mongodb: 6.0.2\n  postgres: 6.10\n  redis:\n  mysql: '8'")]
    [InlineData(".cupaas.yml", "services:\n  - mongodb: 6.0.2\n  - postgres: 6.10\n  - redis: ~\n  - mysql: 8")]
    public async Task A_service_may_be_a_mapping_of_its_name_to_its_version(string file, string services) =>
        (await App.With(file, "entrypoint: ./run\n" + services).On(Target.Docker).PlanAsync()).Run.AddOns.ShouldBe(
            [new() { Name = "mongodb", Version = "6.0.2" }, new() { Name = "postgres", Version = "6.10" }, new() { Name = "redis" }, new() { Name = "mysql", Version = "8" }]);

    [Fact]
    public async Task Other_targets_provide_services() =>
        (await App.WithManifest("entrypoint: ./run\nservices: [redis]").On(Target.Kubernetes).PlanAsync()).Run.AddOns.ShouldBe([new() { Name = "redis" }]);

    [Theory]
    [InlineData("runtime: docker", 10)]
    [InlineData("build: {dockerfile: Dockerfile}", 21)]
    public async Task Local_has_no_containers(string manifest, int column)
    {
        var message = await App.WithManifest(manifest).And("Dockerfile").On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget);
        message.ShouldStartWith($".paas.yml, line 1, column {column}: the target 'local'");
    }

    [Fact]
    public async Task A_dockerfile_alone_is_nothing_for_local()
    {
        var message = await App.With("Dockerfile").And("src/main.c").On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget);
        message.ShouldContain("Choose the target 'docker' or 'kubernetes'");
    }

    [Fact]
    public async Task A_dockerfile_is_passed_over_on_local_if_there_is_more()
    {
        var app = App.With("Dockerfile").And("package.json", "{}").And("index.js").On(Target.Local);
        (await app.PlanAsync()).Run.Runtime.ShouldBe("node");
        app.Log.ToString().ShouldContain("The Dockerfile is not used");
        (await App.With("Dockerfile").And("Procfile", "web: ./run").On(Target.Local).PlanAsync()).Run.Runtime.ShouldBe("process");
    }

    [Theory]
    [InlineData("go", "go.mod", "go run .")]
    [InlineData("php", "index.php", "php -S 0.0.0.0:$PORT")]
    public async Task Go_and_php_are_not_built_on_local_but_started_if_told_how(string runtime, string file, string command)
    {
        (await App.With(file).On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget)).ShouldContain($"'web: {command}'");
        (await App.WithManifest("runtime: " + runtime).And(file).On(Target.Local).FailAsync(FailureReason.NotSupportedByTarget))
            .ShouldContain($".paas.yml, line 1, column 10: the target 'local' does not build");

        var detected = App.With(file).And("Procfile", "web: " + command).On(Target.Local);
        (await detected.PlanAsync()).Build.Runtime.ShouldBe("process");
        detected.Log.ToString().ShouldContain("taken as it is");
        var stated = await App.WithManifest($"runtime: {runtime}:1.2\nentrypoint: {command}").On(Target.Local).PlanAsync();
        stated.Run.Runtime.ShouldBe("process");
        stated.Run.RuntimeVersion.ShouldBeNull();
    }

    [Fact]
    public async Task Several_reasons_make_an_invalid_manifest() =>
        (await App.WithManifest("runtime: docker\nfoo: 1").On(Target.Local).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("2 errors");
}
