using System.Reflection;

namespace Multiprocessing;

/// <summary>
/// Which fields of which captured objects a delegate needs. Found before anything is written, because two lambdas may share one
/// closure and each read other variables of it: the closure is sent once, with what both read.
/// </summary>
internal sealed class CapturePlan
{
    /// <summary>The compiler's name for the field of a closure that holds the <c>this</c> of the method around it.</summary>
    internal const string ThisField = "<>4__this";

    /// <summary>The prefix of the fields in which the compiler keeps delegates that it made once. They point back to their closure, and are made anew when they are null.</summary>
    private const string CachedDelegatePrefix = "<>9__";

    private readonly Dictionary<object, HashSet<FieldInfo>> _fields = new(ReferenceEqualityComparer.Instance);

    // One entry for each object and each lambda that reached it, so that cycles end.
    private readonly HashSet<(int Object, ClosureFields.FieldSet? Read)> _visited = [];
    private readonly Dictionary<object, int> _numbers = new(ReferenceEqualityComparer.Instance);

    private CapturePlan()
    {
    }

    internal static CapturePlan For(Delegate value)
    {
        CapturePlan plan = new();
        plan.Add(value);
        return plan;
    }

    internal IReadOnlyCollection<FieldInfo> FieldsOf(object instance) => _fields[instance];

    /// <summary>Whether a field's value is part of the delegate's own web of closures, rather than a value by itself.</summary>
    internal static bool IsFollowed(FieldInfo field, object value) =>
        value is Delegate || field.Name == ThisField || ClosureFields.IsClosure(value.GetType());

    /// <summary>Whether the field is marked [NonSerialized]: it stays empty in the child.</summary>
    internal static bool IsLeftOut(FieldInfo field) => field.IsDefined(typeof(NonSerializedAttribute), inherit: false);

    /// <summary>All instance fields, those of base classes included.</summary>
    internal static IEnumerable<FieldInfo> AllFields(Type type)
    {
        for (Type? current = type; current is not null && current != typeof(object); current = current.BaseType)
        {
            foreach (FieldInfo field in current.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    private void Add(Delegate value)
    {
        foreach (Delegate part in value.GetInvocationList())
        {
            if (part.Target is { } target && !part.Method.IsStatic)
            {
                Add(target, ClosureFields.IsClosure(target.GetType()) ? ClosureFields.ReadBy(part.Method) : null);
            }
        }
    }

    private void Add(object instance, ClosureFields.FieldSet? read)
    {
        if (!_numbers.TryGetValue(instance, out int number))
        {
            _numbers.Add(instance, number = _numbers.Count);
            _fields.Add(instance, []);
        }

        if (!_visited.Add((number, read)))
        {
            return;
        }

        foreach (FieldInfo field in AllFields(instance.GetType()))
        {
            if (field.Name.StartsWith(CachedDelegatePrefix, StringComparison.Ordinal) || read?.Contains(field) == false || IsLeftOut(field))
            {
                continue;
            }

            _fields[instance].Add(field);
            object? value = field.GetValue(instance);
            switch (value)
            {
                case Delegate nested:
                    Add(nested);
                    break;
                case not null when IsFollowed(field, value):
                    Add(value, ClosureFields.IsClosure(value.GetType()) ? read : null);
                    break;
            }
        }
    }
}
