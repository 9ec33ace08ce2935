namespace Multiprocessing.Tests;

internal static class WarmUpOf
{
    /// <summary>The threads of the library and their epoll descriptors, made at first need.</summary>
    internal static void Library()
    {
        ChildProcess.RunAsync(() => 0, new ChildProcessOptions { StandardOutput = StandardStream.Tee, StandardError = StandardStream.Tee }).GetAwaiter().GetResult();
        (Connection left, Connection right) = Pipe.Create();
        using (left)
        using (right)
        {
            left.PollAsync(TimeSpan.FromMilliseconds(1)).AsTask().GetAwaiter().GetResult();
        }
    }
}
