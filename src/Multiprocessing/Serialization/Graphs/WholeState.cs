using System.Reflection;
using System.Runtime.Serialization;
using PolyType;

namespace Multiprocessing;

/// <summary>That nothing of an object is lost: each of its fields is covered by something that is written, or marked as left out.</summary>
internal static class WholeState
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private const string BackingSuffix = ">k__BackingField";

    /// <exception cref="RefusedException">A field would be lost.</exception>
    /// <param name="type">The object's type.</param>
    /// <param name="written">The public members that are written.</param>
    internal static void Require(Type type, IEnumerable<MemberInfo> written)
    {
        if (KeptMembers.AreMissing(type))
        {
            throw new RefusedException(type, KeptMembers.RefusalOf(type));
        }

        MemberInfo[] members = [.. written];
        for (Type? current = type; current is not null && current != typeof(object) && current != typeof(ValueType); current = current.BaseType)
        {
            foreach (FieldInfo field in current.GetFields(Declared))
            {
                if (!Array.Exists(members, member => Covers(member, field)) && !IsLeftOut(field))
                {
                    throw new RefusedException(type, Refusals.AgainstHidden(field, type));
                }
            }
        }
    }

    /// <summary>Of a collection only the elements arrive: not what a class derived from one adds.</summary>
    /// <exception cref="RefusedException">It adds something.</exception>
    internal static void RequireOnlyElements(Type collection)
    {
        for (Type? type = collection; type is not null && !Refusals.IsOfFramework(type); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(Declared))
            {
                if (!IsLeftOut(field))
                {
                    throw new RefusedException(collection, Refusals.AgainstStateBesideElements(field));
                }
            }
        }
    }

    /// <summary>Whether the member is marked as one that stays behind; a property also by a mark on its field.</summary>
    internal static bool IsLeftOut(MemberInfo? member) => member switch
    {
        null => false,
        FieldInfo field => IsMarked(field) || (PropertyOf(field) is { } property && IsMarked(property) && (IsMadeFor(field) || BackingFieldOf(property, field.DeclaringType!) is null)),
        _ => IsMarked(member) || Array.Exists(member.DeclaringType!.GetFields(Declared), field => PlainName(field) == member.Name && IsMarked(field)),
    };

    /// <summary>
    /// Whether what the field holds arrives with the member. The compiler tells of the fields that it makes for properties; of others the name does,
    /// together with the type, for a property of the same class that has no such field of its own.
    /// </summary>
    private static bool Covers(MemberInfo member, FieldInfo field)
    {
        if (member is FieldInfo other)
        {
            return other.Name == field.Name && other.DeclaringType == field.DeclaringType;
        }

        PropertyInfo property = (PropertyInfo)member;
        Type owner = field.DeclaringType!;
        if (!string.Equals(property.Name, PlainName(field), StringComparison.OrdinalIgnoreCase) || !(property.DeclaringType == owner || Overrides(property, owner) || (!field.IsPrivate && property.DeclaringType!.IsSubclassOf(owner))))
        {
            return false;
        }

        return IsMadeFor(field)
            ? property.Name == Subject.PlainName(field)
            : (property.PropertyType == field.FieldType || (!field.FieldType.IsValueType && property.PropertyType.IsAssignableFrom(field.FieldType)))
                && BackingFieldOf(property, property.DeclaringType!) is null && BackingFieldOf(property, owner) is null;
    }

    /// <summary>Whether the property overrides one that the class declares.</summary>
    private static bool Overrides(PropertyInfo property, Type owner) =>
        property.GetMethod is { IsVirtual: true } getter && property.DeclaringType!.IsSubclassOf(owner)
        && owner.GetProperty(property.Name, Declared, binder: null, property.PropertyType, [], modifiers: null)?.GetMethod is { } overridden
        && getter.GetBaseDefinition() == overridden.GetBaseDefinition();

    /// <summary>Whether the compiler made the field for a property.</summary>
    private static bool IsMadeFor(FieldInfo field) => field.Name.EndsWith(BackingSuffix, StringComparison.Ordinal);

    private static FieldInfo? BackingFieldOf(PropertyInfo property, Type owner) => owner.GetField($"<{property.Name}{BackingSuffix}", Declared);

    private static bool IsMarked(MemberInfo member) =>
        member.IsDefined(typeof(NonSerializedAttribute)) || member.IsDefined(typeof(IgnoreDataMemberAttribute)) || member.GetCustomAttribute<PropertyShapeAttribute>() is { Ignore: true };

    private static PropertyInfo? PropertyOf(FieldInfo field) =>
        field.DeclaringType!.GetProperty(PlainName(field), BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.IgnoreCase | BindingFlags.DeclaredOnly);

    /// <summary>"Name" for a field that is called Name, _name or m_name, or that the compiler made for it.</summary>
    private static string PlainName(FieldInfo field)
    {
        string name = Subject.PlainName(field);
        return name.StartsWith("m_", StringComparison.Ordinal) ? name[2..] : name.TrimStart('_');
    }
}
