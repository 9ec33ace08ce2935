using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>
/// How an object is taken apart and made again: which of its public members are written, in which order, and which constructor makes it.
/// Every converter of the type follows the same plan, so that they read each other's bytes.
/// </summary>
internal sealed class ObjectPlan
{
    private const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;

    private ObjectPlan(Type type, MemberInfo[] members, ConstructorInfo? constructor, int[] parameters)
    {
        Type = type;
        Members = members;
        Constructor = constructor;
        Parameters = parameters;
        IsMadeEmpty = parameters.Length == 0 && !Array.Exists(members, IsGivenAtBirth);
    }

    internal Type Type { get; }

    /// <summary>Properties and fields, in the order in which they are written.</summary>
    internal MemberInfo[] Members { get; }

    /// <summary>Null for a structure that is made empty.</summary>
    internal ConstructorInfo? Constructor { get; }

    /// <summary>For each parameter of the constructor, the index of the member that it comes from.</summary>
    internal int[] Parameters { get; }

    /// <summary>Whether it is made before what it holds is read.</summary>
    internal bool IsMadeEmpty { get; }

    /// <exception cref="RefusedException">It could not be made again, or something of it would be lost.</exception>
    internal static ObjectPlan For(Type type)
    {
        if (type.IsAbstract || type.IsPointer || type.IsFunctionPointer)
        {
            throw new RefusedException(type, Refusals.AgainstConstructor(type));
        }

        if (RawLayout.IsAmbiguous(type))
        {
            throw new RefusedException(type, Refusals.AgainstOverlap);
        }

        // By name: reflection may give them in any order.
        MemberInfo[] members = [.. type.GetProperties(Public).Where(p => p.GetMethod?.IsPublic == true && p.GetIndexParameters().Length == 0), .. type.GetFields(Public)];
        members = [.. members.Where(member => !WholeState.IsLeftOut(member) && !IsHidden(member, members)).OrderBy(member => member.Name, StringComparer.Ordinal)];
        ConstructorInfo? found = null;
        int[] parameters = [];
        bool[] kept = Array.ConvertAll(members, IsSettable);
        bool[] named = kept;
        foreach (ConstructorInfo constructor in type.GetConstructors(Public).OrderBy(c => c.GetParameters().Length))
        {
            int[] sources = SourcesOf(constructor, members);
            bool[] covered = Covered(members, sources);
            named = covered;
            if (Array.IndexOf(sources, -1) < 0 && (found is null || Count(covered) > Count(kept)))
            {
                found = constructor;
                kept = covered;
                parameters = sources;
            }
        }

        bool canBeMade = found is not null || type.IsValueType;
        WholeState.Require(type, members.Where((_, i) => (canBeMade ? kept : named)[i]));
        if (!canBeMade)
        {
            throw new RefusedException(type, Refusals.AgainstConstructor(type));
        }

        MemberInfo[] written = [.. members.Where((_, i) => kept[i])];
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] = Array.IndexOf(written, members[parameters[i]]);
        }

        return new ObjectPlan(type, written, found, parameters);
    }

    internal static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    // Loops, where a query would have the runtime compile its code for numbers in each process that starts.
    private static int[] SourcesOf(ConstructorInfo constructor, MemberInfo[] members)
    {
        ParameterInfo[] parameters = constructor.GetParameters();
        int[] sources = new int[parameters.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            sources[i] = Array.FindIndex(members, member => IsFor(parameters[i], member));
        }

        return sources;
    }

    private static bool[] Covered(MemberInfo[] members, int[] sources)
    {
        bool[] covered = new bool[members.Length];
        for (int i = 0; i < covered.Length; i++)
        {
            covered[i] = IsSettable(members[i]) || Array.IndexOf(sources, i) >= 0;
        }

        return covered;
    }

    private static int Count(bool[] flags)
    {
        int count = 0;
        foreach (bool flag in flags)
        {
            count += flag ? 1 : 0;
        }

        return count;
    }

    private static bool IsFor(ParameterInfo parameter, MemberInfo member) =>
        TypeOf(member) == parameter.ParameterType && string.Equals(member.Name, parameter.Name, StringComparison.OrdinalIgnoreCase);

    private static bool IsSettable(MemberInfo member) => member is PropertyInfo property ? property.SetMethod?.IsPublic == true : member is FieldInfo { IsInitOnly: false };

    /// <summary>Whether it is to be set in the object's initializer (init, required).</summary>
    private static bool IsGivenAtBirth(MemberInfo member) =>
        member.IsDefined(typeof(RequiredMemberAttribute))
        || (member is PropertyInfo { SetMethod: { } setter } && setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)));

    /// <summary>Whether a derived class has another of the same name.</summary>
    private static bool IsHidden(MemberInfo member, MemberInfo[] all) =>
        Array.Exists(all, other => other != member && other.Name == member.Name && other.DeclaringType!.IsSubclassOf(member.DeclaringType!));
}
