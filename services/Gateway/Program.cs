using Paas.Gateway;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence;

return await ServiceHost.RunAsync(
    args,
    Service.Gateway,
    service =>
    {
        service.Services.AddPaasDatabase(service.Configuration, callersWait: true);
        service.Services.AddGateway(service.Configuration);
        service.Services.AddOperatorToken();
        service.Services.AddPaasBus(service.Configuration, bus =>
        {
            bus.AddGateway();
            bus.AddOtherGateways();
        });
    },
    app => app.UseGateway());
