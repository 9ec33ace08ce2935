/// <summary>Another start-up hook, such as a profiler's.</summary>
internal static class StartupHook
{
    public static void Initialize() => Console.WriteLine("a hook runs");
}
