using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>Why something cannot cross, and what to do instead, in words that end a sentence.</summary>
/// <param name="Reason">Such as "it is an open stream of this process".</param>
/// <param name="Advice">Such as "open it {there}", where {there} is "inside the lambda" for what a lambda captures; empty where there is none.</param>
internal sealed record Refusal(string Reason, string Advice);

/// <summary>What can never cross.</summary>
internal static class Refusals
{
    /// <summary>ECMA's, Microsoft's two, and that of the open source parts.</summary>
    private static readonly byte[][] s_frameworkKeys =
    [
        Convert.FromHexString("b77a5c561934e089"), Convert.FromHexString("b03f5f7f11d50a3a"), Convert.FromHexString("7cec85d7bea7798e"), Convert.FromHexString("cc7b13ffcd2ddd51"),
    ];

    private const string FrameworkAdvice = "send what it is made from, and make it {there}";

    /// <returns>Null when nothing is known against the type.</returns>
    internal static Refusal? Against(Type type)
    {
        if (type == typeof(CancellationToken) || type == typeof(CancellationTokenSource))
        {
            return new("it belongs to this process", "leave it out of the lambda, and pass the token to RunAsync, which then ends the child");
        }

        if (typeof(Stream).IsAssignableFrom(type) || typeof(TextReader).IsAssignableFrom(type) || typeof(TextWriter).IsAssignableFrom(type))
        {
            return new("it is an open stream of this process", "open it {there}");
        }

        if (typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask) || IsMadeFrom(type, typeof(ValueTask<>)))
        {
            return new("it runs in this process", "await it first and send its result");
        }

        if (typeof(Thread).IsAssignableFrom(type))
        {
            return new("it runs in this process", "start one {there}");
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return new("delegates cross as the target, as a captured variable or in an array, not inside another object", "capture it in a variable of its own");
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return new("exceptions cross when a child throws them, not as values", "send its message");
        }

        if (typeof(MemberInfo).IsAssignableFrom(type) || typeof(Assembly).IsAssignableFrom(type) || typeof(Module).IsAssignableFrom(type))
        {
            return new("it belongs to this runtime", "send its name");
        }

        if (type.IsArray && type.GetElementType() is { IsPointer: true } or { IsFunctionPointer: true })
        {
            return Against(type.GetElementType()!);
        }

        if (type.IsPointer || type.IsFunctionPointer || type.IsByRef || type == typeof(nint) || type == typeof(nuint) || type == typeof(Pointer))
        {
            return new("an address means nothing in another process", "send what it points to");
        }

        return AgainstService(type);
    }

    /// <summary>What hides its state in such a way that it would be lost.</summary>
    internal static Refusal AgainstHidden(FieldInfo field, Type type)
    {
        string reason = $"its {Describe(field, out bool isEvent)} can be neither read nor set from outside, so it would be lost";
        return IsOfFramework(type)
            ? new(reason, FrameworkAdvice)
            : isEvent
                ? new($"its {Describe(field, out _)} calls back into this process", "mark it [field: NonSerialized], and nobody listens to it in the child")
                : new(reason, $"make it a public property, or mark it {Mark(field)} to leave it out");
    }

    /// <summary>A collection that compares otherwise than one that is made without a comparer.</summary>
    internal static Refusal AgainstComparer { get; } = new("its comparer would be lost", "send its elements, and make it {there}");

    /// <summary>A structure with a bool over a number, or the like.</summary>
    internal static Refusal AgainstOverlap { get; } = new("fields of it lie over each other, and not whatever the one holds is a value of the other", "send the one that is meant, and which it is");

    /// <summary>A ring that cannot be made again, or too long a chain.</summary>
    internal static Refusal AgainstDepth { get; } = new($"it holds itself, or is nested more than {Nesting.Maximum} deep", "leave out what points back, or send a flat list");

    /// <summary>A collection that cannot be made from its elements.</summary>
    internal static Refusal AgainstCollection { get; } = new(
        RuntimeFeature.IsDynamicCodeSupported ? "it cannot be made again from its elements" : "it cannot be made again from its elements in a program compiled ahead of time (Native AOT)",
        "send an array, a list or a dictionary of them");

    /// <summary>What a class derived from a collection adds to it.</summary>
    internal static Refusal AgainstStateBesideElements(FieldInfo field) => new(
        $"its elements alone would arrive, without its {Describe(field, out _)}",
        $"send that beside it, or mark it {Mark(field)} to leave it out");

    /// <summary>What cannot be made again from its properties.</summary>
    internal static Refusal AgainstConstructor(Type type) => new(
        "no public constructor of it could make it again",
        IsOfFramework(type) ? FrameworkAdvice : "give it a parameterless one, or one whose parameters have the names and types of its properties");

    /// <summary>The attribute that leaves a field out, as the source would have it; null where it cannot have one (a primary constructor's parameter).</summary>
    internal static string? Mark(FieldInfo field) => !field.Name.StartsWith('<')
        ? "[NonSerialized]"
        : field.Name.EndsWith("k__BackingField", StringComparison.Ordinal) ? "[field: NonSerialized]" : null;

    private static Refusal? AgainstService(Type type)
    {
        if (typeof(WaitHandle).IsAssignableFrom(type) || type == typeof(Lock) || IsOneOf(type, typeof(SemaphoreSlim), typeof(ManualResetEventSlim), typeof(CountdownEvent), typeof(Barrier), typeof(ReaderWriterLockSlim)))
        {
            return new("it synchronises threads of one process only", "make one {there} if the child's own threads need it");
        }

        if (type.Name.StartsWith("ILogger", StringComparison.Ordinal) || type.GetInterfaces().Any(i => i.Name is "ILogger" or "ILoggerFactory"))
        {
            return new("a logger belongs to this process", "make one {there}, or return what is to be logged");
        }

        if (typeof(IServiceProvider).IsAssignableFrom(type))
        {
            return new("its services belong to this process", "make what the child needs {there}");
        }

        if (IsMadeFrom(type, typeof(Lazy<>)) || IsMadeFrom(type, typeof(ThreadLocal<>)) || IsMadeFrom(type, typeof(AsyncLocal<>)))
        {
            return new("its value is made in this process", "read its Value first and send that");
        }

        if (IsMadeFrom(type, typeof(Progress<>)) || IsMadeFrom(type, typeof(IProgress<>)))
        {
            return new("it calls back into this process", "return what is to be reported, or write it to standard output and read it here (StandardStream.Pipe)");
        }

        // A lazy sequence is disposable, too, but it holds nothing until it is enumerated.
        if ((typeof(IDisposable).IsAssignableFrom(type) || typeof(IAsyncDisposable).IsAssignableFrom(type)) && !(typeof(IEnumerable).IsAssignableFrom(type) && typeof(IEnumerator).IsAssignableFrom(type)))
        {
            string disposable = typeof(IDisposable).IsAssignableFrom(type) ? nameof(IDisposable) : nameof(IAsyncDisposable);
            return new($"it is {disposable} and so holds something of this process", "make it {there}");
        }

        return null;
    }

    private static string Describe(FieldInfo field, out bool isEvent)
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        string name = Subject.PlainName(field);
        isEvent = field.DeclaringType!.GetEvent(name, All) is not null;
        return isEvent ? $"event '{name}'" : field.Name.StartsWith('<') ? $"property '{name}'" : $"field '{name}'";
    }

    private static bool IsMadeFrom(Type type, Type definition) => type.IsConstructedGenericType && type.GetGenericTypeDefinition() == definition;

    private static bool IsOneOf(Type type, params ReadOnlySpan<Type> types) => types.Contains(type);

    /// <summary>Whether it comes with .NET: its assembly is signed with one of the keys that .NET's own are.</summary>
    internal static bool IsOfFramework(Type type) =>
        type.Assembly.GetName().GetPublicKeyToken() is { Length: > 0 } token && Array.Exists(s_frameworkKeys, key => token.AsSpan().SequenceEqual(key));
}
