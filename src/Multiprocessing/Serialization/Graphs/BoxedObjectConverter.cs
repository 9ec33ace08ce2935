using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>An object by reflection: slow for each, but at hand without any code being made first.</summary>
internal sealed class BoxedObjectConverter(ObjectPlan plan) : Converter
{
    private readonly BoxedSlot[] _slots = [.. plan.Members.Select(member => new BoxedSlot(ObjectPlan.TypeOf(member)))];

    internal override Type Type => plan.Type;

    internal override bool IsLeaf => Array.TrueForAll(_slots, slot => slot.IsLeaf);

    internal override bool CanHoldItself => plan.IsMadeEmpty && !Type.IsValueType;

    internal override int MinimumSize
    {
        get
        {
            int sum = 0;
            foreach (BoxedSlot slot in _slots)
            {
                sum += slot.MinimumSize;
            }

            return Math.Max(1, sum);
        }
    }

    internal override void WriteObject(WireWriter writer, object value)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i].Write(writer, plan.Members[i] is PropertyInfo property ? Unwrapped(property, value) : ((FieldInfo)plan.Members[i]).GetValue(value));
        }

        if (_slots.Length == 0)
        {
            writer.Byte(0);
        }
    }

    internal override object ReadObject(ref WireReader reader, int number)
    {
        object? empty = plan.IsMadeEmpty ? Make([]) : null;
        if (empty is not null && number >= 0)
        {
            reader.Received.Set(number, empty);
        }

        object?[] values = new object?[_slots.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _slots[i].Read(ref reader);
        }

        if (values.Length == 0)
        {
            reader.Byte();
        }

        object?[] arguments = new object?[plan.Parameters.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = values[plan.Parameters[i]];
        }

        object instance = empty ?? Make(arguments);
        for (int i = 0; i < values.Length; i++)
        {
            if (Array.IndexOf(plan.Parameters, i) >= 0)
            {
                continue;
            }

            if (plan.Members[i] is PropertyInfo property)
            {
                property.SetValue(instance, values[i], BindingFlags.DoNotWrapExceptions, binder: null, index: null, culture: null);
            }
            else
            {
                ((FieldInfo)plan.Members[i]).SetValue(instance, values[i]);
            }
        }

        return instance;
    }

    private static object? Unwrapped(PropertyInfo property, object instance) => property.GetValue(instance, BindingFlags.DoNotWrapExceptions, binder: null, index: null, culture: null);

    private object Make(object?[] arguments) =>
        plan.Constructor?.Invoke(BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null) ?? RuntimeHelpers.GetUninitializedObject(Type);
}
