using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>What a child is to do: call a method with arguments, or run an object of a class derived from <see cref="ChildProcess"/>.</summary>
internal abstract class Work
{
    private enum Kind : byte
    {
        Call,
        Run,
    }

    internal static Work Of(Delegate target, object?[] arguments) => new CallWork(target, arguments);

    internal static Work Of(ChildProcess instance, Delegate? target, object?[] arguments) => new RunWork(instance, target, arguments);

    /// <exception cref="NotSerializableException">Something in it cannot cross.</exception>
    internal abstract void Write(WireWriter writer);

    internal static void WriteWarmUps(WireWriter writer, Action[] warmUps)
    {
        writer.Int32(warmUps.Length);
        foreach (Action warmUp in warmUps)
        {
            DelegateSerializer.Write(writer, warmUp, Subject.WarmUp);
        }
    }

    /// <summary>In the child: does what the fork server would have done.</summary>
    internal static void ReadAndWarmUp(ref WireReader reader)
    {
        int count = reader.Count();
        for (int i = 0; i < count; i++)
        {
            ((Action)DelegateSerializer.Read(ref reader))();
        }
    }

    /// <summary>In the child: rebuilds the work.</summary>
    /// <returns>What runs it; its result is a task when the work is asynchronous.</returns>
    internal static Func<object?> Read(ref WireReader reader)
    {
        switch ((Kind)reader.Byte())
        {
            case Kind.Call:
                (Delegate? target, object?[] arguments) = ReadCall(ref reader);
                return () => Call(target!, arguments);
            case Kind.Run:
                ChildProcess instance = (ChildProcess)RuntimeHelpers.GetUninitializedObject(TypeReference.Read(ref reader));
                (Delegate? optional, object?[] its) = ReadCall(ref reader);
                int fields = reader.Count();
                for (int i = 0; i < fields; i++)
                {
                    FieldReference.Read(ref reader, instance.GetType()).SetValue(instance, ValueSerializer.Read(ref reader));
                }

                return () => instance.RunInChild(optional, its);
            case var kind:
                throw new InvalidDataException($"The message has work of the unknown kind {(byte)kind}.");
        }
    }

    internal static object? Call(Delegate target, object?[] arguments)
    {
        switch (target)
        {
            case Action action:
                action();
                return null;
            case Func<Task> function:
                return function();
            default:
                return target.GetType().GetMethod("Invoke")!.Invoke(target, BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
        }
    }

    private static void WriteCall(WireWriter writer, Delegate? target, object?[] arguments)
    {
        writer.Bool(target is not null);
        if (target is null)
        {
            return;
        }

        DelegateSerializer.Write(writer, target, Subject.Target);
        ParameterInfo[] parameters = target.Method.GetParameters();
        writer.Int32(arguments.Length);
        for (int i = 0; i < arguments.Length; i++)
        {
            ParameterInfo parameter = parameters[parameters.Length - arguments.Length + i];
            ValueSerializer.Write(writer, arguments[i], parameter.ParameterType, Subject.Argument(parameter.Name));
        }
    }

    private static (Delegate? Target, object?[] Arguments) ReadCall(ref WireReader reader)
    {
        if (!reader.Bool())
        {
            return (null, []);
        }

        Delegate target = DelegateSerializer.Read(ref reader);
        int count = reader.Count();
        object?[] arguments = count == 0 ? [] : new object?[count];
        for (int i = 0; i < count; i++)
        {
            arguments[i] = ValueSerializer.Read(ref reader);
        }

        return (target, arguments);
    }

    private sealed class CallWork(Delegate target, object?[] arguments) : Work
    {
        internal override void Write(WireWriter writer)
        {
            writer.Byte((byte)Kind.Call);
            WriteCall(writer, target, arguments);
        }
    }

    private sealed class RunWork(ChildProcess instance, Delegate? target, object?[] arguments) : Work
    {
        internal override void Write(WireWriter writer)
        {
            Type type = instance.GetType();
            KeptMembers.Require(type, Subject.Target);
            writer.Byte((byte)Kind.Run);
            TypeReference.Write(writer, type);
            WriteCall(writer, target, arguments);
            List<FieldInfo> fields = [.. CapturePlan.AllFields(type).Where(f => f.DeclaringType!.Assembly != typeof(ChildProcess).Assembly && !CapturePlan.IsLeftOut(f))];
            writer.Int32(fields.Count);
            foreach (FieldInfo field in fields)
            {
                FieldReference.Write(writer, field);
                ValueSerializer.Write(writer, field.GetValue(instance), field.FieldType, Subject.Field(field, type));
            }
        }
    }
}
