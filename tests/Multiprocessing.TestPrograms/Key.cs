namespace Multiprocessing.TestPrograms;

internal static class Key
{
    internal static int Run()
    {
        Console.WriteLine(Convert.ToHexString(ChildProcess.Current.AuthKey));
        return 0;
    }
}
