using System.Collections;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Multiprocessing;

/// <summary>An exception on its way between processes: always as text, and rebuilt as itself where that is possible.</summary>
/// <remarks>
/// It may be of any type, with members that throw and state that cannot cross. Whatever goes wrong with the exception itself, in either
/// process, costs no more than that part of it: the type's name, the message and the stack arrive.
/// </remarks>
internal sealed class RemoteFailure
{
    private const int MaximumDepth = 16;

    private readonly string _typeReference;
    private readonly string? _ownMessage;
    private readonly int _hResult;
    private readonly List<(byte Depth, string Field, byte[] Value)> _fields = [];
    private readonly List<(byte[] Key, byte[] Value)> _data = [];
    private readonly List<RemoteFailure> _inner = [];
    private readonly bool _isTrusted = true;

    internal RemoteFailure(Exception exception)
        : this(exception, depth: 0)
    {
    }

    private RemoteFailure(Exception exception, int depth)
    {
        Type type = exception.GetType();
        TypeName = type.ToString();
        _typeReference = type.AssemblyQualifiedName ?? "";
        Message = MessageTextOf(exception);
        _ownMessage = MessageOf(exception);
        StackTrace = StackTextOf(exception);
        Text = TextOf(exception);
        _hResult = exception.HResult;
        if (depth < MaximumDepth)
        {
            _inner.AddRange(InnerOf(exception).Select(inner => new RemoteFailure(inner, depth + 1)));
        }

        foreach (FieldInfo field in CapturePlan.AllFields(type).Where(f => f.DeclaringType != typeof(Exception) && f.DeclaringType != typeof(AggregateException) && !CapturePlan.IsLeftOut(f)))
        {
            if (TryWrite(field.GetValue(exception)) is { } value)
            {
                _fields.Add((FieldReference.DepthOf(field.DeclaringType!), field.Name, value));
            }
        }

        foreach (DictionaryEntry entry in DataOf(exception))
        {
            if (TryWrite(entry.Key) is { } key && TryWrite(entry.Value) is { } value)
            {
                _data.Add((key, value));
            }
        }
    }

    private RemoteFailure(ref WireReader reader, int depth)
    {
        _isTrusted = reader.Asked is null;
        TypeName = reader.String();
        _typeReference = reader.String();
        Message = reader.String();
        _ownMessage = reader.NullableString();
        StackTrace = reader.String();
        Text = reader.String();
        _hResult = reader.Int32();
        for (int left = reader.Count(); left > 0; left--)
        {
            _fields.Add((reader.Byte(), reader.String(), reader.Bytes().ToArray()));
        }

        for (int left = reader.Count(); left > 0; left--)
        {
            _data.Add((reader.Bytes().ToArray(), reader.Bytes().ToArray()));
        }

        for (int left = reader.Count(); left > 0; left--)
        {
            _inner.Add(depth < MaximumDepth ? new RemoteFailure(ref reader, depth + 1) : throw new InvalidDataException("The message nests exceptions too deeply."));
        }
    }

    internal string TypeName { get; }

    internal string Message { get; }

    internal string StackTrace { get; }

    /// <summary>All that the exception says of itself in the child, the exceptions in it included.</summary>
    internal string Text { get; }

    /// <summary>What <see cref="Exception.ToString"/> says, or what can be said of one whose members throw.</summary>
    internal static string TextOf(Exception exception) =>
        Try(exception.ToString, _ => $"{exception.GetType()}: {MessageTextOf(exception)}{Environment.NewLine}{StackTextOf(exception)}");

    internal static RemoteFailure Read(ref WireReader reader) => new(ref reader, depth: 0);

    internal void Write(WireWriter writer)
    {
        writer.String(TypeName);
        writer.String(_typeReference);
        writer.String(Message);
        writer.String(_ownMessage);
        writer.String(StackTrace);
        writer.String(Text);
        writer.Int32(_hResult);
        writer.Int32(_fields.Count);
        foreach ((byte depth, string field, byte[] value) in _fields)
        {
            writer.Byte(depth);
            writer.String(field);
            writer.Bytes(value);
        }

        writer.Int32(_data.Count);
        foreach ((byte[] key, byte[] value) in _data)
        {
            writer.Bytes(key);
            writer.Bytes(value);
        }

        writer.Int32(_inner.Count);
        _inner.ForEach(inner => inner.Write(writer));
    }

    /// <summary>The original exception, or null where its type is not known here or will not be rebuilt, or where the peer is not trusted to name one.</summary>
    /// <param name="pid">The child's process ID, where there is one.</param>
    /// <param name="processName">Its name. Both stand in a <see cref="ChildFailedException"/>, which takes the place of an exception within this one that will not be rebuilt.</param>
    /// <remarks>
    /// No constructor is called: which one would be right, and what its one string means, differs from type to type
    /// (<see cref="ArgumentNullException"/> takes a parameter's name). Message, inner exceptions and fields are put in place instead.
    /// </remarks>
    internal Exception? Rebuild(int? pid, string processName)
    {
        try
        {
            if (!_isTrusted || Type.GetType(_typeReference, throwOnError: false) is not { IsAbstract: false } type || !typeof(Exception).IsAssignableFrom(type))
            {
                return null;
            }

            Exception exception = (Exception)RuntimeHelpers.GetUninitializedObject(type);
            Exception[] inner = [.. _inner.Select(failure => failure.Rebuild(pid, processName) ?? new ChildFailedException(pid, processName, failure))];
            MessageOf(exception) = _ownMessage;
            InnerExceptionOf(exception) = inner.Length > 0 ? inner[0] : null;
            if (exception is AggregateException aggregate)
            {
                InnerExceptionsOf(aggregate) = inner;
            }

            exception.HResult = _hResult;
            foreach ((byte depth, string name, byte[] value) in _fields)
            {
                if (TryRead(value, out object? state))
                {
                    FieldReference.Find(type, depth, name)?.SetValue(exception, state);
                }
            }

            foreach ((byte[] key, byte[] value) in _data)
            {
                if (TryRead(key, out object? entry) && TryRead(value, out object? content))
                {
                    exception.Data[entry!] = content;
                }
            }

            _ = exception.ToString(); // one that cannot even be printed, for want of the state that did not cross, would hurt more than help
            return StackTrace.Length > 0 ? ExceptionDispatchInfo.SetRemoteStackTrace(exception, StackTrace) : exception;
        }
        catch (Exception)
        {
            return null; // code of the user's types has run; the text remains
        }
    }

    private static Exception[] InnerOf(Exception exception) => exception switch
    {
        AggregateException aggregate => [.. aggregate.InnerExceptions],
        { InnerException: { } inner } => [inner],
        _ => [],
    };

    private static IDictionary DataOf(Exception exception)
    {
        try
        {
            return exception.Data ?? new Hashtable();
        }
        catch (Exception)
        {
            return new Hashtable(); // the user's own property threw
        }
    }

    private static string MessageTextOf(Exception exception) => Try(() => exception.Message, failure => $"(its Message threw {failure.GetType()})");

    private static string StackTextOf(Exception exception) => Try(() => exception.StackTrace, _ => new StackTrace(exception, fNeedFileInfo: true).ToString());

    private static string Try(Func<string?> get, Func<Exception, string> otherwise)
    {
        try
        {
            return get() ?? "";
        }
        catch (Exception failure)
        {
            return otherwise(failure);
        }
    }

    /// <returns>Null for what cannot cross.</returns>
    private static byte[]? TryWrite(object? value)
    {
        if (value is Delegate)
        {
            return null; // it would bring along what it captures
        }

        try
        {
            using WireWriter writer = new();
            ValueSerializer.Write(writer, value, value?.GetType() ?? typeof(object), Subject.Result);
            return writer.Descriptors.Length == 0 ? writer.Written.ToArray() : null;
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <returns>False for what can be made here no more, such as a value whose constructor throws.</returns>
    private static bool TryRead(byte[] bytes, out object? value)
    {
        try
        {
            WireReader reader = new(bytes);
            value = ValueSerializer.Read(ref reader);
            return true;
        }
        catch (Exception)
        {
            value = null;
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? MessageOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? InnerExceptionOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerExceptions")]
    private static extern ref Exception[] InnerExceptionsOf(AggregateException exception);
}
