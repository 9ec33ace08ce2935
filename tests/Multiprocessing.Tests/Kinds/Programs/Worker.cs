using Multiprocessing;

// A service that runs a child for its work, and stops.
Console.WriteLine("Main runs");
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Logging.ClearProviders();
builder.Services.AddHostedService<Service>();
using IHost host = builder.Build();
await host.RunAsync();

internal sealed class Service(IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        int number = 20;
        Console.WriteLine($"child: {await ChildProcess.RunAsync(() => number + 22, stoppingToken)}");
        lifetime.StopApplication();
    }
}
