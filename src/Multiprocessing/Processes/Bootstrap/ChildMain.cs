using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The child's side of its life: take the work over, do it, say how it went, end.</summary>
internal static class ChildMain
{
    private const int FailureCode = 1;
    private const int CloseOnExec = 1;

    // Both stay open as long as the process lives.
    private static SafeDescriptorHandle? s_channel;
    private static SafeDescriptorHandle? s_lifeline;
    private static bool s_reports;
    private static int s_ending;

    [DoesNotReturn]
    internal static void Run(string mark)
    {
        Environment.Exit(RunToCode(mark));
    }

    private static int RunToCode(string mark)
    {
        try
        {
            // abort(3) and a SIGABRT that is sent end a child at once; the runtime's handler would swallow the first one that is sent.
            Os.LetAbortThrough();
            ForkPermission.Refusal = "This process is a child of the Multiprocessing library; it has no Main of its own that could be started again, so it cannot be made forkable.";
            byte[] message = TakeOver(mark);
            WireReader request = new(message.AsSpan(sizeof(int))) { Descriptors = HandOver.Receive(s_channel!, BitConverter.ToInt32(message, 0)) };
            s_reports = StartRequest.ReadAndBecome(ref request);
            lock (s_channel!)
            {
                // Nobody else is there. But the runtime has loaded what Say needs now, and a child may use up its descriptors.
            }

            AppDomain.CurrentDomain.UnhandledException += OnUncaught;
            ProcessExit.IsLookedAfter = true;
            if (request.Bool())
            {
                WaitForDebugger(); // before the options: a child that has changed its user cannot be debugged by it
            }

            ApplyOptions(ref request);
            Work.ReadAndWarmUp(ref request);
            Func<object?> work = Work.Read(ref request);
            request.Descriptors?.Dispose();
            Answer(Await(work()));
            return LastWord(RunExitHandlers(0));
        }
        catch (Exception exception) when (CodeOf(exception) is { } code)
        {
            Report(exception);
            return LastWord(RunExitHandlers(code));
        }
    }

    /// <summary>The parent waits for this to succeed. If it does not, the work is not begun, and there is nothing to hand on but the reason.</summary>
    private static void ApplyOptions(ref WireReader request)
    {
        WireWriter writer = new();
        try
        {
            if (StartOptions.ReadAndApply(ref request))
            {
                UsageLimits.UsageSoFar().Write(writer);
                Say(ChildMessage.Started, writer.Written);
            }
        }
        catch (StartOptionException failure)
        {
            writer.String(failure.Option);
            new RemoteFailure(failure.InnerException!).Write(writer);
            Say(ChildMessage.StartFailure, writer.Written);
            Os._Exit(FailureCode);
        }
    }

    /// <summary>The kernel asks whether who armed it might kill this process as it is then.</summary>
    private static void RearmLifeline() => Lifeline.Arm(s_lifeline!);

    private static void WaitForDebugger()
    {
        Console.Error.WriteLine($"{ProcessIdentity.Current.Name} (pid {ProcessIdentity.Current.Pid}) waits for a debugger.");
        while (!System.Diagnostics.Debugger.IsAttached)
        {
            Thread.Sleep(100); // nothing tells of a debugger that attaches
        }
    }

    /// <returns>The exit code, which a handler can still change.</returns>
    private static int RunExitHandlers(int code)
    {
        try
        {
            AtExit.Run();
            return code;
        }
        catch (Exception exception) when (CodeOf(exception) is { } another)
        {
            // Whoever waits has had the answer of the work itself.
            s_reports = false;
            Report(exception);
            return another;
        }
    }

    /// <summary>Always has a code: a filter that never says no, so that the exception is reported with its stack as it was thrown.</summary>
    private static int? CodeOf(Exception exception) => exception is ProcessExitException exit ? exit.ExitCode : FailureCode;

    private static byte[] TakeOver(string mark)
    {
        s_channel = new SafeDescriptorHandle(HandOver.Channel, ownsHandle: false);
        Os.Fcntl(s_channel, FcntlCommand.SetDescriptorFlags, CloseOnExec);
        if (HandOver.Has(mark, HandOver.Lifeline))
        {
            s_lifeline = new SafeDescriptorHandle(HandOver.Lifeline, ownsHandle: false);
            Os.Fcntl(s_lifeline, FcntlCommand.SetDescriptorFlags, CloseOnExec);
            Lifeline.Arm(s_lifeline);
            UserChange.Callback = RearmLifeline;
        }

        if (!HandOver.Has(mark, HandOver.LargeMessage))
        {
            return ReadMessage(s_channel);
        }

        using SafeDescriptorHandle memory = new(HandOver.LargeMessage);
        return ReadMessage(memory);
    }

    private static byte[] ReadMessage(SafeDescriptorHandle from) => Read(from, BitConverter.ToInt32(Read(from, sizeof(int)), 0));

    private static byte[] Read(SafeDescriptorHandle from, int length)
    {
        byte[] buffer = new byte[length];
        int filled = 0;
        while (filled < length)
        {
            int count = Os.Read(from, new Span<byte>(buffer, filled, length - filled));
            if (count == 0)
            {
                Os._Exit(FailureCode); // the parent has ended before it said what to do: there is nobody to tell, and perhaps a terminal where Ctrl-C was pressed
            }

            filled += count;
        }

        return buffer;
    }

    /// <summary>Waits for a task, of whatever kind, and gives what it gave.</summary>
    /// <remarks>What it finds by name must be kept from a trimmer that looks for calls.</remarks>
    [DynamicDependency(nameof(Task<>.Result), typeof(Task<>))]
    [DynamicDependency(nameof(ValueTask<>.AsTask), typeof(ValueTask<>))]
    private static object? Await(object? result)
    {
        Task? task = result switch
        {
            Task one => one,
            ValueTask one => one.AsTask(),
            not null when result.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                (Task)type.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(result, null)!,
            _ => null,
        };
        if (task is null)
        {
            return result;
        }

        task.GetAwaiter().GetResult();

        // An async method that returns nothing gives a Task<VoidTaskResult>, whose type is internal to the runtime.
        PropertyInfo? property = task.GetType().GetProperty("Result");
        return property is null || property.PropertyType.Name == "VoidTaskResult" ? null : property.GetValue(task);
    }

    private static void Answer(object? result)
    {
        if (s_reports)
        {
            using WireWriter writer = new();
            ValueSerializer.Write(writer, result, result?.GetType() ?? typeof(object), Subject.Result);
            Say(ChildMessage.Result, writer.Written, writer.Descriptors);
        }
    }

    /// <summary>To whoever waits for the result; to standard error where nobody does.</summary>
    private static void Report(Exception exception)
    {
        if (exception is ProcessExitException)
        {
            return;
        }

        if (IsLackOfMemory(exception))
        {
            Say(ChildMessage.LackOfMemory, []);
        }

        if (s_reports)
        {
            WireWriter writer = new();
            new RemoteFailure(exception).Write(writer);
            Say(ChildMessage.Failure, writer.Written);
            return;
        }

        try
        {
            Console.Error.WriteLine($"{ProcessIdentity.Current.Name} (pid {ProcessIdentity.Current.Pid}) ended by an unhandled exception. {RemoteFailure.TextOf(exception)}");
            Console.Error.Flush();
        }
        catch (Exception)
        {
            // A standard error that is closed or full is no reason for another exit code, or to pass over the exit handlers.
        }
    }

    /// <summary>Whether the exception, or what it stems from, says so, or is the system's ENOMEM.</summary>
    private static bool IsLackOfMemory(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is OutOfMemoryException or PosixException { Errno: Errno.ENOMEM } || (exception is AggregateException all && all.InnerExceptions.Any(IsLackOfMemory)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An exception on another thread would end the process by SIGABRT; in a child it is a report and exit code 1 as anywhere else.</summary>
    private static void OnUncaught(object sender, UnhandledExceptionEventArgs arguments)
    {
        if (Interlocked.Exchange(ref s_ending, 1) != 0)
        {
            Thread.Sleep(Timeout.Infinite); // another thread is about to end this process; to return would end it by SIGABRT
        }

        if (arguments.ExceptionObject is Exception exception)
        {
            Report(exception);
            int code = LastWord(RunExitHandlers(CodeOf(exception) ?? FailureCode));
            Children.Leave();
            Os._Exit(code);
        }
    }

    private static int LastWord(int code)
    {
        Span<byte> content = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(content, code & 0xFF);
        Say(ChildMessage.LastWord, content);
        return code & 0xFF;
    }

    private static void Say(ChildMessage kind, ReadOnlySpan<byte> content, ReadOnlySpan<SafeDescriptorHandle> descriptors = default)
    {
        WireWriter writer = new();
        writer.Byte((byte)kind);
        writer.Int32(content.Length);
        writer.Int32(descriptors.Length);
        writer.Raw(content);
        try
        {
            lock (s_channel!) // another thread may have failed while this one says how well it went
            {
                HandOver.Send(s_channel, writer.Written, descriptors);
            }
        }
        catch (PosixException)
        {
            // The parent no longer listens; there is nobody left to tell.
        }
    }
}
