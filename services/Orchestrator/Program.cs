using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Orchestrator;
using Paas.Persistence;

return await ServiceHost.RunAsync(args, Service.Orchestrator, service =>
{
    service.Services.AddPaasDatabase(service.Configuration);
    service.Services.AddOrchestrator(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddOrchestrator());
});
