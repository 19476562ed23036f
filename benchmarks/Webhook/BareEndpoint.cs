using System.CommandLine;
using Npgsql;

namespace Paas.Bench.Webhook;

/// <summary>The anchor: an endpoint that reads the body, inserts one row and answers 202.</summary>
internal static class BareEndpoint
{
    public const string Name = "bare-endpoint";

    public static Command Command()
    {
        var urls = new Option<string>("--urls");
        var command = new Command(Name, "A part of 'webhook': the anchor.") { Hidden = true };
        command.Options.Add(urls);
        command.SetAction(parsed => RunAsync(parsed.GetValue(urls)!));
        return command;
    }

    private static async Task RunAsync(string urls)
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", urls]);
        builder.Logging.ClearProviders();
        await using var database = NpgsqlDataSource.Create(builder.Configuration.GetConnectionString("Paas")!);
        await using (var create = database.CreateCommand("CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, delivery text NOT NULL, bytes int NOT NULL, at timestamptz NOT NULL)"))
            await create.ExecuteNonQueryAsync();
        await using var app = builder.Build();
        app.MapGet("/health/ready", () => Results.Ok());
        app.MapPost("/webhooks/github/{app}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            await using var insert = database.CreateCommand("INSERT INTO bare (id, delivery, bytes, at) VALUES ($1, $2, $3, $4)");
            insert.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.NewGuid() });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.Request.Headers["X-GitHub-Delivery"].ToString() });
            insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)body.Length });
            insert.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = DateTime.UtcNow });
            await insert.ExecuteNonQueryAsync(context.RequestAborted);
            return Results.Accepted();
        });
        await app.RunAsync();
    }
}
