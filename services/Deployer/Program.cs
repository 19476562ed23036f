using Paas.Deployer;
using Paas.Hosting;
using Paas.Hosting.Messaging;

return await ServiceHost.RunAsync(args, Service.Deployer, service =>
{
    service.Services.AddDeployer(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddDeployer());
});
