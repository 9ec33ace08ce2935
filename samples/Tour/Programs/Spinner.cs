using System.Diagnostics;
using Multiprocessing;

namespace Tour.Programs;

/// <summary>A child animates while the parent computes: neither gets in the other's way, and the child is ended from outside.</summary>
internal static class Spinner
{
    internal const int DefaultNumber = 42;

    internal static void Run(int n)
    {
        long start = Stopwatch.GetTimestamp();
        using ChildProcess spinner = new(Spin, name: "spinner", daemon: true);
        spinner.Start();

        int result = Fibonacci(n);

        spinner.Terminate();
        spinner.Join();
        if (!Console.IsOutputRedirected)
        {
            Console.Write("\r                    \r");
        }

        Console.WriteLine($"fib({n}) = {result}");
        Console.WriteLine($"{spinner.Name} (pid {spinner.Pid}) ended with {spinner.ExitCode}: terminated by its parent after {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
    }

    private static int Fibonacci(int n) => n < 2 ? 1 : Fibonacci(n - 1) + Fibonacci(n - 2);

    private static void Spin()
    {
        if (Console.IsOutputRedirected)
        {
            Console.WriteLine("computing ...");
            Thread.Sleep(Timeout.Infinite);
        }

        for (int turn = 0; ; turn++)
        {
            Console.Write($"\r{@"|/-\"[turn % 4]} computing ...");
            Thread.Sleep(100);
        }
    }
}
