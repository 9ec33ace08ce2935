using System.Reflection;

namespace Multiprocessing;

/// <summary>Under Native AOT a member is found by reflection only where the compiler kept its name; elsewhere names and tokens are always there.</summary>
internal static class KeptMembers
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>Whether the members of a type seem to have been left out: a class without a constructor, a structure without a field.</summary>
    /// <remarks>Its fields would then go unseen, and what they hold would be lost in silence.</remarks>
    internal static bool AreMissing(Type type) =>
        !type.HasMetadataToken() && !type.IsInterface && !type.IsEnum && !type.HasElementType
        && (type.IsValueType ? type.GetFields(Instance).Length == 0 : type.GetConstructors(Instance).Length == 0);

    /// <summary>Why it cannot cross, and what to do.</summary>
    internal static Refusal RefusalOf(Type type) => new(
        "ahead-of-time compilation left out the names by which a child would find its members",
        $"keep the assembly whole with <TrimMode>partial</TrimMode>, which this package sets unless the project does, or with <TrimmerRootAssembly Include=\"{type.Assembly.GetName().Name}\" />");

    /// <exception cref="NotSerializableException">They were left out.</exception>
    internal static void Require(Type type, in Subject subject)
    {
        if (AreMissing(type))
        {
            throw new NotSerializableException(subject, type, RefusalOf(type));
        }
    }
}
