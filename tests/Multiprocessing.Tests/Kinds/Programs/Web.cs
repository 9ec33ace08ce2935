using System.Net.Http.Json;
using System.Runtime;
using Microsoft.AspNetCore.Http;
using Multiprocessing;

// A web application with a server collector; a request starts a child.
Console.WriteLine("Main runs");
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
await using WebApplication application = builder.Build();
application.MapGet("/{number}", static async (int number) => await ChildProcess.RunAsync(() => InChild(number)));
await application.StartAsync();
using HttpClient client = new();
Console.WriteLine(await client.GetStringAsync($"{application.Urls.First()}/20"));
Console.WriteLine($"parent: server {GCSettings.IsServerGC}");
await application.StopAsync();

static string InChild(int number) =>
    $"child: {number + 22}, {new PathString("/a").Add("/b")}, server {GCSettings.IsServerGC}, not concurrent {GCSettings.LatencyMode == GCLatencyMode.Batch}";
