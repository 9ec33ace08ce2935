using Multiprocessing.Posix;

namespace Multiprocessing.Tests;

/// <summary>For lambdas in children, whose results are to be short.</summary>
internal static class ErrorNumber
{
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
