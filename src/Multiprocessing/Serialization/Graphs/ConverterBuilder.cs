using PolyType;
using PolyType.Abstractions;

namespace Multiprocessing;

/// <summary>Makes a converter from a type's shape.</summary>
internal sealed class ConverterBuilder : TypeShapeVisitor
{
    internal static ConverterBuilder Instance { get; } = new();

    public override object? VisitObject<T>(IObjectTypeShape<T> shape, object? state = null)
    {
        if (typeof(T) == typeof(object))
        {
            return new BareConverter();
        }

        ObjectPlan plan = state as ObjectPlan ?? ObjectPlan.For(typeof(T));
        return shape.Constructor is { } constructor && PropertiesFor(shape, plan) is { } properties ? constructor.Accept(this, (plan, properties)) : null;
    }

    /// <returns>Null where the shape would make the object in another way than planned.</returns>
    public override object? VisitConstructor<T, TState>(IConstructorShape<T, TState> shape, object? state = null)
    {
        (ObjectPlan plan, IPropertyShape[] properties) = ((ObjectPlan, IPropertyShape[]))state!;
        if (shape.Parameters.Count == 0)
        {
            return plan.IsMadeEmpty && Array.TrueForAll(properties, p => p.HasSetter) ? new ObjectConverter<T>(shape.GetDefaultConstructor(), [.. properties.Select(p => (Member<T>)p.Accept(this)!)]) : null;
        }

        // The plan's order; every argument must have its property, and every property that is not an argument a setter.
        List<Argument<T, TState>> arguments = [];
        HashSet<IParameterShape> left = [.. shape.Parameters.Where(p => p.IsRequired || p.Kind == ParameterKind.MethodParameter)];
        foreach (IPropertyShape property in properties)
        {
            IParameterShape? parameter = shape.Parameters.FirstOrDefault(p => shape.DeclaringType.IsTupleType ? p.Position == property.Position : IsFor(p, property));
            if (parameter is null)
            {
                return null;
            }

            left.Remove(parameter);
            arguments.Add((Argument<T, TState>)parameter.Accept(this, property.Accept(this))!);
        }

        return left.Count > 0 || (plan.IsMadeEmpty && !typeof(T).IsValueType)
            ? null
            : new ConstructedConverter<T, TState>(shape.GetArgumentStateConstructor(), shape.GetParameterizedConstructor(), [.. arguments]);
    }

    /// <summary>What the plan writes, as shapes, in its order.</summary>
    private static IPropertyShape[]? PropertiesFor(IObjectTypeShape shape, ObjectPlan plan)
    {
        IPropertyShape[] properties = [.. plan.Members.Select(member => shape.Properties.FirstOrDefault(p =>
            p.HasGetter && p.PropertyType.Type == ObjectPlan.TypeOf(member) && (p.MemberInfo is { } info ? info.Name == member.Name && info.DeclaringType == member.DeclaringType : p.Name == member.Name))).OfType<IPropertyShape>()];
        return properties.Length == plan.Members.Length ? properties : null;
    }

    public override object? VisitProperty<T, TProperty>(IPropertyShape<T, TProperty> shape, object? state = null) =>
        new Member<T, TProperty>(shape.GetGetter(), shape.HasSetter ? shape.GetSetter() : null, SlotOf(shape.PropertyType));

    public override object? VisitParameter<TState, TParameter>(IParameterShape<TState, TParameter> shape, object? state = null) =>
        ((IArgumentSource)state!).Bind(shape.GetSetter());

    public override object? VisitOptional<TOptional, T>(IOptionalTypeShape<TOptional, T> shape, object? state = null) =>
        new OptionalConverter<TOptional, T>(shape.GetDeconstructor(), shape.GetNoneConstructor(), shape.GetSomeConstructor(), SlotOf(shape.ElementType));

    public override object? VisitSurrogate<T, TSurrogate>(ISurrogateTypeShape<T, TSurrogate> shape, object? state = null) =>
        new SurrogateConverter<T, TSurrogate>(shape.Marshaler, SlotOf(shape.SurrogateType));

    public override object? VisitUnion<T>(IUnionTypeShape<T> shape, object? state = null) => shape.BaseType.Accept(this, state); // each object crosses by its own type anyway

    public override object? VisitEnumerable<T, TElement>(IEnumerableTypeShape<T, TElement> shape, object? state = null)
    {
        RequireWholeInElements(typeof(T));
        Slot<TElement> slot = SlotOf(shape.ElementType);
        if (typeof(T) == typeof(TElement[]))
        {
            return new ArrayConverter<TElement>(slot);
        }

        if (typeof(T) == typeof(List<TElement>))
        {
            return new ListConverter<TElement>(slot);
        }

        if (typeof(T) == typeof(ReadOnlyMemory<TElement>))
        {
            return MemoryConverter.OfReadOnlyMemory(slot);
        }

        if (typeof(T) == typeof(Memory<TElement>))
        {
            return MemoryConverter.OfMemory(slot);
        }

        if (typeof(T) == typeof(ArraySegment<TElement>))
        {
            return MemoryConverter.OfSegment(slot);
        }

        return shape.ConstructionStrategy == CollectionConstructionStrategy.None || shape.IsAsyncEnumerable
            ? throw new RefusedException(typeof(T), Refusals.AgainstCollection)
            : new CollectionConverter<T, TElement>(shape, slot);
    }

    public override object? VisitDictionary<T, TKey, TValue>(IDictionaryTypeShape<T, TKey, TValue> shape, object? state = null)
    {
        RequireWholeInElements(typeof(T));
        return shape.ConstructionStrategy == CollectionConstructionStrategy.None
            ? throw new RefusedException(typeof(T), Refusals.AgainstCollection)
            : new DictionaryConverter<T, TKey, TValue>(shape, SlotOf(shape.KeyType), SlotOf(shape.ValueType));
    }

    public override object? VisitFunction<TFunction, TState, TResult>(IFunctionTypeShape<TFunction, TState, TResult> shape, object? state = null) =>
        throw new RefusedException(typeof(TFunction), Refusals.Against(typeof(Delegate))!);

    private static void RequireWholeInElements(Type type)
    {
        WholeState.RequireOnlyElements(type);
        if (!FrameworkConverters.IsWholeInItsElements(type) && !type.IsArray)
        {
            throw new RefusedException(type, Refusals.AgainstCollection);
        }
    }

    /// <exception cref="RefusedException">Nothing of that type can ever stand there.</exception>
    internal static Slot<T> SlotOf<T>(ITypeShape<T>? shape = null)
    {
        if (typeof(T) == typeof(string))
        {
            return (Slot<T>)(object)new StringSlot();
        }

        if (typeof(T).IsValueType)
        {
            return RawValues.Of(typeof(T)) is not null ? new RawSlot<T>() : new StructureSlot<T>(Converters.Of(typeof(T), shape));
        }

        BoxedSlot.RequireNothingAgainst(typeof(T));
        return new ObjectSlot<T>(() => Converters.Of(typeof(T), shape));
    }

    private static bool IsFor(IParameterShape parameter, IPropertyShape property) =>
        parameter.Kind == ParameterKind.MemberInitializer && parameter.MemberInfo is { } member
            ? member == property.MemberInfo || (member.Name == property.MemberInfo?.Name && member.DeclaringType == property.MemberInfo.DeclaringType)
            : parameter.ParameterType.Type == property.PropertyType.Type && string.Equals(parameter.ParameterInfo?.Name ?? parameter.Name, property.MemberInfo?.Name ?? property.Name, StringComparison.OrdinalIgnoreCase);
}
