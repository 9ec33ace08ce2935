using System.Runtime.InteropServices;
using System.Text;
using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>The environment: one and the same for this program, for native code in it, and at their start for the programs and children it starts.</summary>
internal static partial class EnvironmentVariables
{
    private const string Name = "TOUR_GREETING";

    internal static void Run()
    {
        Console.WriteLine($"{Os.Environ.Count} variables, among them HOME = {Os.GetEnv("HOME", "(none)")}; {Name} = {Os.GetEnv(Name, "(not set, so the default)")}");

        Os.PutEnv(Name, "grüße");
        Tell("set through the library");
        Environment.SetEnvironmentVariable(Name, "hello");
        Tell("set through Environment");
        _ = setenv(Name, "bonjour", 1);
        Tell("set by native code");
        Os.UnsetEnv(Name);
        Tell("removed");

        Console.WriteLine();
        byte[] name = Encoding.UTF8.GetBytes(Name);
        Os.EnvironBytes[name] = [0x67, 0x72, 0xFC, 0xDF, 0x65]; // "grüße" in Latin-1, which is not UTF-8
        string text = Os.Environ[Name];
        Console.WriteLine($"bytes   {Convert.ToHexString(Os.EnvironBytes[name])}");
        Console.WriteLine($"as text {string.Concat(text.Select(c => c < 0x80 ? $"{c}" : $"\\u{(int)c:X4}"))}, which is no loss:");
        Os.Environ[Name] = text;
        Console.WriteLine($"bytes   {Convert.ToHexString(Os.EnvironBytes[name])}");
        Shell($"printf 'sh sees %s\\n' \"$(printf %s \"${Name}\" | od -An -tx1)\"");

        Console.WriteLine();
        Os.PutEnv(Name, "the parent's");
        using ChildProcess child = new(ChangeOwnCopy);
        child.Start();
        Os.PutEnv(Name, "changed by the parent meanwhile");
        child.Join();
        Console.WriteLine($"parent: {Name} = {Os.Environ[Name]}");
        Os.UnsetEnv(Name);
    }

    private static void ChangeOwnCopy()
    {
        Console.WriteLine($"child:  {Name} = {Os.Environ[Name]}, a copy of when it was started");
        Os.PutEnv(Name, "changed by the child");
        Console.WriteLine($"child:  {Name} = {Os.Environ[Name]}");
    }

    private static void Tell(string how)
    {
        string here = Os.GetEnv(Name, "-"); // whichever side has changed, this look tells the other
        Console.WriteLine($"{how,-24} here {here,-8} Environment {Environment.GetEnvironmentVariable(Name) ?? "-",-8} getenv(3) {Marshal.PtrToStringUTF8(getenv(Name)) ?? "-"}");
        Shell($"echo \"{"",-24} sh   ${{{Name}:--}}\"");
    }

    private static void Shell(string script)
    {
        int pid = Os.PosixSpawn("/bin/sh", ["sh", "-c", script]);
        Os.WaitId(IdType.Pid, pid, WaitIdOptions.Exited);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint getenv(string name);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int setenv(string name, string value, int overwrite);
}
