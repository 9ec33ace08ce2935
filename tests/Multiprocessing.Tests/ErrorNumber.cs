using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>Error numbers by their names, and for lambdas in children, whose results are to be short.</summary>
internal static class ErrorNumber
{
    internal const int ENOENT = 2;
    internal const int EMFILE = 24;
    internal const int EPIPE = 32;
    internal const int EADDRINUSE = 98;
    internal const int ECONNREFUSED = 111;

    /// <returns>The number of the error that the action fails with; 0 when it does not.</returns>
    internal static int Of(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (PosixException exception)
        {
            return exception.Errno;
        }
    }
}
