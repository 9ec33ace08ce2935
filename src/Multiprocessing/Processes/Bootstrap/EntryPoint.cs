namespace Multiprocessing;

/// <summary>The child's way in on a shared framework: the host runs this library itself, with the program's settings.</summary>
internal static class EntryPoint
{
    private const int Usage = 64;

    private static int Main()
    {
        if (ChildSettings.FindMark() is { } mark)
        {
            ChildMain.Run(mark);
        }

        Console.Error.WriteLine("Multiprocessing.dll is a library; it runs by itself only as a child that a program using it has started.");
        return Usage;
    }
}
