using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>
/// Delegates: the method by assembly and metadata token, and the captured variables by value. What is written in the other process stays there.
/// </summary>
internal static class DelegateSerializer
{
    private enum TargetKind : byte
    {
        None,

        /// <summary>An object whose fields are sent one by one: a closure, or <c>this</c>.</summary>
        Fields,

        /// <summary>One that was sent before in this delegate; only its number follows. Two lambdas that share a variable go on sharing it.</summary>
        Known,

        /// <summary>Any other value, bound as the first argument.</summary>
        Value,
    }

    /// <exception cref="NotSerializableException">It, or something that it captures, cannot cross.</exception>
    internal static void Write(WireWriter writer, Delegate value, in Subject subject)
    {
        int depth = writer.Depth;
        try
        {
            new Writer(writer, CapturePlan.For(value), subject).Delegate(value);
        }
        catch (RefusedException refused) when (depth == 0)
        {
            throw refused.For(value, subject);
        }
        finally
        {
            writer.Return(depth);
        }
    }

    internal static Delegate Read(ref WireReader reader)
    {
        int depth = reader.Depth;
        try
        {
            Delegate value = new Reader().Delegate(ref reader);
            reader.End(depth);
            return value;
        }
        finally
        {
            reader.Return(depth);
        }
    }

    /// <returns>Null where the method stands in a file.</returns>
    internal static Refusal? Against(Delegate value) => value.Method.DeclaringType is null || value.Method.Module.Assembly.IsDynamic
        ? new Refusal("it was compiled at run time", "use a method or lambda that stands in an assembly's file, where the child can find it again")
        : null;

    private sealed class Writer(WireWriter writer, CapturePlan plan, Subject subject)
    {
        private readonly Dictionary<object, int> _sent = new(ReferenceEqualityComparer.Instance);

        internal void Delegate(Delegate value)
        {
            writer.Enter(value.GetType());
            Delegate[] parts = value.GetInvocationList();
            TypeReference.Write(writer, value.GetType());
            writer.Int32(parts.Length);
            foreach (Delegate part in parts)
            {
                if (Against(part) is { } refusal)
                {
                    throw new NotSerializableException(subject, part.GetType(), refusal);
                }

                MethodReference.Write(writer, part.Method);
                Target(part);
            }

            writer.Leave();
        }

        private void Target(Delegate value)
        {
            if (value.Target is null)
            {
                writer.Byte((byte)TargetKind.None);
            }
            else if (value.Method.IsStatic)
            {
                writer.Byte((byte)TargetKind.Value);
                ValueSerializer.Write(writer, value.Target, Subject.Argument("this"));
            }
            else
            {
                Fields(value.Target, value.Method);
            }
        }

        private void Fields(object instance, MethodInfo owner)
        {
            if (_sent.TryGetValue(instance, out int number))
            {
                writer.Byte((byte)TargetKind.Known);
                writer.Int32(number);
                return;
            }

            Type type = instance.GetType();
            _sent.Add(instance, _sent.Count);
            writer.Byte((byte)TargetKind.Fields);
            TypeReference.Write(writer, type);
            bool closure = ClosureFields.IsClosure(type);
            if (!closure && Refusals.Against(type) is { } refusal)
            {
                throw new NotSerializableException(Subject.This(owner), type, refusal);
            }

            if (!owner.HasMetadataToken())
            {
                KeptMembers.Require(type, closure ? Subject.Target : Subject.This(owner));
            }

            writer.Enter(type);
            IReadOnlyCollection<FieldInfo> fields = plan.FieldsOf(instance);
            writer.Int32(fields.Count);
            foreach (FieldInfo field in fields)
            {
                FieldReference.Write(writer, field);
                Field(field, field.GetValue(instance), Subject.Captured(owner, field, closure ? null : type), owner);
            }

            writer.Leave();
        }

        /// <summary>Delegates, closures and <c>this</c> keep their identity within one delegate; every other value is sent by itself.</summary>
        private void Field(FieldInfo field, object? value, in Subject subject, MethodInfo owner)
        {
            bool linked = value is not null && CapturePlan.IsFollowed(field, value);
            writer.Bool(linked);
            if (!linked)
            {
                ValueSerializer.Write(writer, value, field.FieldType, subject);
            }
            else if (value is Delegate nested)
            {
                writer.Bool(true);
                Delegate(nested);
            }
            else
            {
                writer.Bool(false);
                Fields(value!, owner);
            }
        }
    }

    private sealed class Reader
    {
        private readonly List<object> _received = [];

        internal Delegate Delegate(ref WireReader reader)
        {
            reader.Enter();
            Type type = TypeReference.Read(ref reader);
            if (!typeof(MulticastDelegate).IsAssignableFrom(type))
            {
                throw new InvalidDataException($"The message says that {type} is a delegate.");
            }

            int count = reader.Count();
            Delegate? result = null;
            for (int i = 0; i < count; i++)
            {
                MethodInfo method = MethodReference.Read(ref reader);
                object? target = Target(ref reader);
                result = System.Delegate.Combine(result, System.Delegate.CreateDelegate(type, target, method));
            }

            reader.Leave();
            return result ?? throw new InvalidDataException("The message has a delegate without a method.");
        }

        private object? Target(ref WireReader reader)
        {
            switch ((TargetKind)reader.Byte())
            {
                case TargetKind.None:
                    return null;
                case TargetKind.Value:
                    return ValueSerializer.Read(ref reader);
                case TargetKind.Known:
                    int number = reader.Int32();
                    return number >= 0 && number < _received.Count ? _received[number] : throw new InvalidDataException("The message refers to an object that it does not have.");
                case TargetKind.Fields:
                    return Fields(ref reader);
                case var kind:
                    throw new InvalidDataException($"The message has a target of the unknown kind {(byte)kind}.");
            }
        }

        private object Fields(ref WireReader reader)
        {
            reader.Enter();
            object instance = RuntimeHelpers.GetUninitializedObject(TypeReference.Read(ref reader));
            _received.Add(instance); // before its fields: a recursive lambda refers back to it
            int count = reader.Count();
            for (int i = 0; i < count; i++)
            {
                FieldInfo field = FieldReference.Read(ref reader, instance.GetType());
                object? value = !reader.Bool() ? ValueSerializer.Read(ref reader) : reader.Bool() ? Delegate(ref reader) : Target(ref reader);
                field.SetValue(instance, value);
            }

            reader.Leave();
            return instance;
        }
    }
}
