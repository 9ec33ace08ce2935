using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Multiprocessing;

/// <summary>
/// Which captured variables a lambda really reads. The compiler puts all captured variables of one scope into one object, so a lambda
/// that uses one drags the others along, with whatever streams and pools some other lambda needs. The lambda's IL tells them apart.
/// </summary>
/// <remarks>
/// The walk goes from the lambda through the code that the compiler made for it: local functions, nested lambdas, iterators and the
/// state machines of async methods. A variable that is only written need not be sent: nobody in the child can see its old value.
/// </remarks>
internal static class ClosureFields
{
    private static readonly ConcurrentDictionary<MethodInfo, FieldSet?> s_cache = new();

    /// <summary>The fields that the method reads.</summary>
    /// <returns>Null where there is no IL to read (Native AOT): then all fields count as read.</returns>
    internal static FieldSet? ReadBy(MethodInfo method) => s_cache.GetOrAdd(method, Walk);

    /// <summary>Whether the type is one that the compiler made: it holds captured variables or the state of an iterator or async method.</summary>
    /// <remarks>A type nested in one that the compiler made, such as an async lambda's state machine, bears no mark of its own.</remarks>
    internal static bool IsClosure(Type type)
    {
        for (Type? current = type; current is { IsNested: true }; current = current.DeclaringType)
        {
            if (current.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            {
                return true;
            }
        }

        return false;
    }

    private static FieldSet? Walk(MethodInfo start)
    {
        FieldSet fields = new();
        HashSet<MethodBase> seen = [start];
        Stack<MethodBase> left = new(seen);
        while (left.TryPop(out MethodBase? method))
        {
            MethodBody? body = BodyOf(method);
            byte[]? il = body?.GetILAsByteArray();
            if (body is null || il is null)
            {
                if (method == start)
                {
                    return null;
                }

                continue;
            }

            foreach (MethodBase next in StateMachinesOf(method, body))
            {
                Visit(next);
            }

            foreach (IlInstruction instruction in IlReader.Read(il))
            {
                switch (instruction.Kind)
                {
                    case IlKind.ReadField:
                        fields.Add(Resolve(method, m => method.Module.ResolveField(instruction.Token, m.Type, m.Method)));
                        break;
                    case IlKind.Method when Resolve(method, m => method.Module.ResolveMethod(instruction.Token, m.Type, m.Method)) is { } called && IsMadeByCompiler(called):
                        Visit(called);
                        break;
                }
            }
        }

        return fields;

        void Visit(MethodBase next)
        {
            if (seen.Add(next))
            {
                left.Push(next);
            }

            // An iterator's or a state machine's code is in its other methods, which only interfaces call.
            if (next is ConstructorInfo { DeclaringType: { } type } && IsClosure(type))
            {
                foreach (MethodInfo method in MethodsOf(type))
                {
                    if (seen.Add(method))
                    {
                        left.Push(method);
                    }
                }
            }
        }
    }

    private static MethodBody? BodyOf(MethodBase method)
    {
        try
        {
            return method.GetMethodBody();
        }
        catch (PlatformNotSupportedException)
        {
            return null; // compiled ahead of time
        }
    }

    /// <summary>An async method starts its state machine, a struct without a constructor call, which only its local variable shows.</summary>
    private static IEnumerable<MethodBase> StateMachinesOf(MethodBase method, MethodBody body) =>
        body.LocalVariables
            .Select(v => v.LocalType)
            .Append(method.GetCustomAttribute<StateMachineAttribute>()?.StateMachineType)
            .OfType<Type>()
            .Where(t => IsClosure(t) && (typeof(IAsyncStateMachine).IsAssignableFrom(t) || typeof(System.Collections.IEnumerator).IsAssignableFrom(t)))
            .SelectMany(MethodsOf);

    /// <summary>All methods of a type that the compiler made, save the lambdas of a closure: those count only when they are used.</summary>
    private static IEnumerable<MethodInfo> MethodsOf(Type type) =>
        type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(m => !m.Name.StartsWith('<'));

    private static bool IsMadeByCompiler(MethodBase method) =>
        (method.DeclaringType is { } type && IsClosure(type)) || method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static T? Resolve<T>(MethodBase context, Func<(Type[]? Type, Type[]? Method), T?> resolve)
        where T : MemberInfo
    {
        Type[]? ofType = context.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        Type[]? ofMethod = context is MethodInfo { IsGenericMethod: true } ? context.GetGenericArguments() : null;
        return resolve((ofType, ofMethod));
    }

    /// <summary>Fields by where their declaration stands, which is the same for every construction of a generic closure.</summary>
    internal sealed class FieldSet
    {
        private readonly HashSet<(Module Module, int Token)> _fields = [];

        internal bool Contains(FieldInfo field) => _fields.Contains((field.Module, field.MetadataToken));

        internal void Add(FieldInfo? field)
        {
            if (field is not null)
            {
                _fields.Add((field.Module, field.MetadataToken));
            }
        }
    }
}
