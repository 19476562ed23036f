using Paas.Gateway;
using Paas.Gateway.Access;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence;

var builder = WebApplication.CreateBuilder(args);
if (!builder.Configuration.HasRabbitMq("gateway"))
    return 1;
if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]) && string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.HttpPortsKey]))
    builder.WebHost.UseUrls("http://127.0.0.1:8080");
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddPaasPersistence(builder.Configuration);
builder.Services.AddGateway(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddGateway());

var app = builder.Build();
await PersistenceSetup.MigrateAsync(app.Services, CancellationToken.None);
await using (var scope = app.Services.CreateAsyncScope())
{
    if (await scope.ServiceProvider.GetRequiredService<AdminTokens>().EnsureAsync(CancellationToken.None) is { } token)
        Console.WriteLine(GatewayTexts.AdminTokenMade(token));
}

app.UseGateway();
await app.RunAsync();
return 0;
