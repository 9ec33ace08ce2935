namespace Multiprocessing;

/// <summary>Something in a value cannot cross. Turned into a <see cref="NotSerializableException"/> where the value's owner is known.</summary>
internal sealed class RefusedException(Type type, Refusal refusal) : Exception($"{TypeNames.Display(type)}: {refusal.Reason}")
{
    internal NotSerializableException For(object value, in Subject subject) => new(
        subject,
        value.GetType(),
        type == value.GetType() ? refusal : refusal with { Reason = $"it holds {TypeNames.Article(type)}, and {refusal.Reason}" },
        this);

    internal Type Type => type;

    internal Refusal Refusal => refusal;
}
