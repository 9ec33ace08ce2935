using System.Globalization;

namespace Multiprocessing.TestPrograms;

/// <summary>What the runtime was told on its way in: by its settings file, by the environment, and in a child of a child.</summary>
internal static class Switches
{
    internal static int Run()
    {
        Console.WriteLine(Seen());
        Console.WriteLine(ChildProcess.RunAsync(Seen).GetAwaiter().GetResult());
        Console.WriteLine(ChildProcess.RunAsync(() => ChildProcess.RunAsync(Seen).GetAwaiter().GetResult()).GetAwaiter().GetResult());
        return 0;
    }

    private static string Seen() =>
        $"{AppContext.GetData("Multiprocessing.TestPrograms.Setting")} {DecimalSeparator()} {Environment.GetEnvironmentVariable("DOTNET_TieredCompilation")} "
        + $"{Environment.GetEnvironmentVariable("DOTNET_gcServer")} {Environment.GetEnvironmentVariable("DOTNET_STARTUP_HOOKS") ?? "none"}";

    /// <summary>Without culture data it is a point, if any name may be a culture's.</summary>
    private static string DecimalSeparator()
    {
        try
        {
            return new CultureInfo("de-DE").NumberFormat.NumberDecimalSeparator;
        }
        catch (CultureNotFoundException)
        {
            return "not found";
        }
    }
}
