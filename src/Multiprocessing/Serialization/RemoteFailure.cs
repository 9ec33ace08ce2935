using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Multiprocessing;

/// <summary>An exception on its way between processes: always as text, and rebuilt as itself where that is possible.</summary>
internal sealed class RemoteFailure
{
    private const int MaximumDepth = 16;

    private readonly string _typeReference;
    private readonly string? _ownMessage;
    private readonly List<(byte Depth, string Field, object? Value)> _fields = [];
    private readonly RemoteFailure? _inner;

    internal RemoteFailure(Exception exception)
        : this(exception, depth: 0)
    {
    }

    private RemoteFailure(Exception exception, int depth)
    {
        Type type = exception.GetType();
        TypeName = type.FullName ?? type.Name;
        _typeReference = TypeNames.Of(type);
        Message = exception.Message;
        _ownMessage = MessageOf(exception);
        StackTrace = exception.StackTrace ?? "";
        _inner = exception.InnerException is { } inner && depth < MaximumDepth ? new RemoteFailure(inner, depth + 1) : null;
        foreach (FieldInfo field in CapturePlan.AllFields(type).Where(f => f.DeclaringType != typeof(Exception)))
        {
            object? value = field.GetValue(exception);
            if (IsPlain(value))
            {
                _fields.Add((FieldReference.DepthOf(field.DeclaringType!), field.Name, value));
            }
        }
    }

    private RemoteFailure(ref WireReader reader, int depth)
    {
        TypeName = reader.String();
        _typeReference = reader.String();
        Message = reader.String();
        _ownMessage = reader.NullableString();
        StackTrace = reader.String();
        int fields = reader.Count();
        for (int i = 0; i < fields; i++)
        {
            _fields.Add((reader.Byte(), reader.String(), ValueSerializer.Read(ref reader)));
        }

        if (reader.Bool())
        {
            _inner = depth < MaximumDepth ? new RemoteFailure(ref reader, depth + 1) : throw new InvalidDataException("The message nests exceptions too deeply.");
        }
    }

    internal string TypeName { get; }

    internal string Message { get; }

    internal string StackTrace { get; }

    internal static RemoteFailure Read(ref WireReader reader) => new(ref reader, depth: 0);

    internal void Write(WireWriter writer)
    {
        writer.String(TypeName);
        writer.String(_typeReference);
        writer.String(Message);
        writer.String(_ownMessage);
        writer.String(StackTrace);
        writer.Int32(_fields.Count);
        foreach ((byte depth, string field, object? value) in _fields)
        {
            writer.Byte(depth);
            writer.String(field);
            ValueSerializer.Write(writer, value, typeof(object), Subject.Result);
        }

        writer.Bool(_inner is not null);
        _inner?.Write(writer);
    }

    /// <summary>The original exception, or null where its type is not known here or will not be rebuilt.</summary>
    /// <remarks>
    /// No constructor is called: which one would be right, and what its one string means, differs from type to type
    /// (<see cref="ArgumentNullException"/> takes a parameter's name). Message, inner exception and the plain fields are put in place instead.
    /// </remarks>
    internal Exception? Rebuild()
    {
        if (Type.GetType(_typeReference, throwOnError: false) is not { IsAbstract: false } type || !typeof(Exception).IsAssignableFrom(type))
        {
            return null;
        }

        try
        {
            if (type == typeof(AggregateException))
            {
                return new AggregateException(_ownMessage, _inner?.Rebuild() is { } only ? [only] : []);
            }

            Exception exception = (Exception)RuntimeHelpers.GetUninitializedObject(type);
            MessageOf(exception) = _ownMessage;
            InnerOf(exception) = _inner?.Rebuild();
            foreach ((byte depth, string name, object? value) in _fields)
            {
                FieldReference.Find(type, depth, name)?.SetValue(exception, value);
            }

            return StackTrace.Length > 0 ? ExceptionDispatchInfo.SetRemoteStackTrace(exception, StackTrace) : exception;
        }
        catch (Exception failure) when (failure is MemberAccessException or ArgumentException or InvalidOperationException or TypeInitializationException)
        {
            return null; // the text remains
        }
    }

    private static bool IsPlain(object? value) => value is null or string or Enum || Type.GetTypeCode(value.GetType()) > TypeCode.DBNull;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? MessageOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? InnerOf(Exception exception);
}
