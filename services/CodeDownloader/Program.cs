using Paas.CodeDownloader;
using Paas.Hosting;
using Paas.Hosting.Messaging;

return await ServiceHost.RunAsync(args, Service.CodeDownloader, service =>
{
    service.Services.AddCodeDownloader(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddCodeDownloader());
});
