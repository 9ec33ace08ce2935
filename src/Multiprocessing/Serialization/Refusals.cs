using System.Reflection;

namespace Multiprocessing;

/// <summary>What can never cross, and what to do instead, in words that end a sentence.</summary>
internal static class Refusals
{
    /// <returns>Null when nothing is known against the type.</returns>
    internal static string? Against(Type type)
    {
        if (type == typeof(CancellationToken) || type == typeof(CancellationTokenSource))
        {
            return "it belongs to this process; leave it out of the lambda, and pass the token to RunAsync, which then ends the child";
        }

        if (typeof(Stream).IsAssignableFrom(type) || typeof(TextReader).IsAssignableFrom(type) || typeof(TextWriter).IsAssignableFrom(type))
        {
            return "it is an open stream of this process; open it inside the lambda";
        }

        if (typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask) || typeof(Thread).IsAssignableFrom(type))
        {
            return "it runs in this process; await it first and send its result";
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return "delegates cross as the target, as a captured variable or in an array, not inside another object";
        }

        if (typeof(MemberInfo).IsAssignableFrom(type) || typeof(Assembly).IsAssignableFrom(type) || typeof(Module).IsAssignableFrom(type))
        {
            return "it belongs to this runtime; send its name";
        }

        if (type.IsPointer || type.IsFunctionPointer || type.IsByRef || type == typeof(nint) || type == typeof(nuint) || type == typeof(Pointer))
        {
            return "an address means nothing in another process; send what it points to";
        }

        if (typeof(WaitHandle).IsAssignableFrom(type) || type == typeof(Lock) || type == typeof(SemaphoreSlim))
        {
            return "it synchronises threads of one process only";
        }

        if (type.Name.StartsWith("ILogger", StringComparison.Ordinal) || type.GetInterfaces().Any(i => i.Name == "ILogger"))
        {
            return "a logger belongs to this process; make one inside the child, or return what is to be logged";
        }

        if (typeof(IDisposable).IsAssignableFrom(type) && !typeof(System.Collections.IEnumerable).IsAssignableFrom(type))
        {
            return "it is IDisposable and so holds something of this process; make it inside the lambda";
        }

        return null;
    }
}
