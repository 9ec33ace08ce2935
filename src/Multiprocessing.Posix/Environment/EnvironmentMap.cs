using System.Collections;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Multiprocessing.Posix;

/// <summary>The environment of this process as a dictionary: not a copy of it, but the thing itself. See environ(7).</summary>
/// <typeparam name="T">What names and values are: text (<see cref="Os.Environ"/>) or bytes (<see cref="Os.EnvironBytes"/>).</typeparam>
/// <remarks>
/// <para>
/// What is set or removed here is so at once for native code, for <see cref="Environment"/>, and for the programs and children started from now on;
/// running children keep the copy that they were started with. The other way round, each access first brings native code's environment and
/// <see cref="Environment"/>'s copy of it together: the side that changed a variable since the last access wins, native code where both did. So native
/// code sees what was set through <see cref="Environment"/> from the next access on, or from the next start of a child, and not before.
/// </para>
/// <para>
/// <see cref="Environment"/> cannot hold bytes that are not UTF-8. There a value with such bytes has U+FFFD for them, and a variable with such a name is missing;
/// neither is changed by it for native code and here.
/// </para>
/// <para>
/// Any thread may use it, also to change it. But native code that reads or changes the environment on another thread at the same moment may crash
/// or read nonsense, as in C (see the notes of getenv(3) and setenv(3)): set variables before such code runs.
/// </para>
/// <para>
/// Keys, values and enumerations are of the moment at which they were asked for. An access looks at all variables there are, which takes up to half a microsecond and 200 bytes for each: keep what is needed often.
/// </para>
/// <para>To look for a name that no variable can have (empty, or with '=' or a null character in it) finds nothing; to set, add or remove it is refused.</para>
/// </remarks>
#pragma warning disable CA1710, CA1725 // It is a map and is called one; its parameters are called what they are.
[DebuggerDisplay("Count = {Count}")]
public abstract class EnvironmentMap<T> : IDictionary<T, T>, IReadOnlyDictionary<T, T>
    where T : notnull
{
    private readonly IEqualityComparer<T> _comparer;

    private protected EnvironmentMap(IEqualityComparer<T> comparer) => _comparer = comparer;

    /// <summary>How many variables there are.</summary>
    public int Count => LiveEnvironment.Count;

    /// <summary>False: the environment can be changed.</summary>
    public bool IsReadOnly => false;

    /// <summary>The names of all variables at this moment.</summary>
    public ICollection<T> Keys => Snapshot(variable => variable.Key);

    /// <summary>The values of all variables at this moment.</summary>
    public ICollection<T> Values => Snapshot(variable => variable.Value);

    /// <inheritdoc/>
    IEnumerable<T> IReadOnlyDictionary<T, T>.Keys => Keys;

    /// <inheritdoc/>
    IEnumerable<T> IReadOnlyDictionary<T, T>.Values => Values;

    /// <summary>A variable's value.</summary>
    /// <param name="name">The variable's name.</param>
    /// <exception cref="KeyNotFoundException">On reading: there is no such variable. The message names it.</exception>
    /// <exception cref="ArgumentException">On setting: the name is empty or has '=' in it, or either has a null character or a lone surrogate that stands for no byte. Nothing has changed.</exception>
    /// <exception cref="PosixException">On setting: ENOMEM.</exception>
    public T this[T name]
    {
        get => TryGetValue(name, out T? value) ? value : throw new KeyNotFoundException($"There is no environment variable '{Display(name)}'.");
        set => LiveEnvironment.Set(NameOf(name), TextOf(value, nameof(value)));
    }

    /// <summary>Sets a variable that is not set yet.</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="ArgumentException">It is set already; or name or value are as none can be. Nothing has changed.</exception>
    /// <exception cref="PosixException">ENOMEM.</exception>
    public void Add(T name, T value)
    {
        if (!LiveEnvironment.TryAdd(NameOf(name), TextOf(value, nameof(value))))
        {
            throw new ArgumentException($"There is an environment variable '{Display(name)}' already.", nameof(name));
        }
    }

    /// <inheritdoc cref="Add(T, T)"/>
    /// <param name="item">Name and value.</param>
    public void Add(KeyValuePair<T, T> item) => Add(item.Key, item.Value);

    /// <summary>Removes all variables.</summary>
    public void Clear() => LiveEnvironment.Clear();

    /// <summary>Whether there is this variable with this value.</summary>
    /// <param name="item">Name and value.</param>
    /// <returns>Whether there is.</returns>
    public bool Contains(KeyValuePair<T, T> item) => TryGetValue(item.Key, out T? value) && _comparer.Equals(value, item.Value);

    /// <summary>Whether there is a variable of this name.</summary>
    /// <param name="name">The variable's name.</param>
    /// <returns>Whether there is.</returns>
    public bool ContainsKey(T name) => Find(name) is not null;

    /// <summary>Copies all variables.</summary>
    /// <param name="array">Where to.</param>
    /// <param name="index">Where in it the first goes.</param>
    /// <exception cref="ArgumentException">The array has no room for them all; nothing is copied.</exception>
    public void CopyTo(KeyValuePair<T, T>[] array, int index)
    {
        ArgumentNullException.ThrowIfNull(array);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        Pairs().CopyTo(array, index);
    }

    /// <summary>All variables at this moment, in no order.</summary>
    /// <returns>Their enumerator, which changes of the environment do not disturb.</returns>
    public IEnumerator<KeyValuePair<T, T>> GetEnumerator() => ((IEnumerable<KeyValuePair<T, T>>)Pairs()).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Removes a variable.</summary>
    /// <param name="name">The variable's name.</param>
    /// <returns>Whether there was such a variable.</returns>
    /// <exception cref="ArgumentException">The name is empty or has '=', a null character or a lone surrogate that stands for no byte in it. Nothing has changed.</exception>
    public bool Remove(T name) => LiveEnvironment.Remove(NameOf(name));

    /// <summary>Removes a variable if it has this value.</summary>
    /// <param name="item">Name and value.</param>
    /// <returns>Whether there was such a variable.</returns>
    /// <exception cref="ArgumentException">Name or value are as none can be. Nothing has changed.</exception>
    public bool Remove(KeyValuePair<T, T> item) => LiveEnvironment.Remove(NameOf(item.Key), TextOf(item.Value, nameof(item)));

    /// <summary>Looks for a variable.</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value, where there is one.</param>
    /// <returns>Whether there is.</returns>
    public bool TryGetValue(T name, [MaybeNullWhen(false)] out T value)
    {
        string? text = Find(name);
        value = text is null ? default : FromText(text);
        return text is not null;
    }

    /// <summary>A variable's value, or null.</summary>
    /// <param name="name">The variable's name.</param>
    /// <returns>The value; null when there is no such variable.</returns>
    public T? GetValueOrDefault(T name) => TryGetValue(name, out T? value) ? value : default;

    /// <summary>A variable's value, or another.</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="fallback">What to return when there is no such variable.</param>
    /// <returns>The one or the other.</returns>
    public T GetValueOrDefault(T name, T fallback) => TryGetValue(name, out T? value) ? value : fallback;

    /// <summary>The text in which the environment is kept (see <see cref="SurrogateEscape"/>).</summary>
    /// <returns>Null where there is a null character, or a lone surrogate that stands for no byte: no name and no value has those.</returns>
    private protected abstract string? ToText(T item);

    private protected abstract T FromText(string text);

    private string? Find(T name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ToText(name) is { } text ? LiveEnvironment.Get(text) : null;
    }

    private string NameOf(T name)
    {
        string text = TextOf(name, nameof(name));
        return text.Length > 0 && !text.AsSpan().Contains('=')
            ? text
            : throw new ArgumentException($"'{Display(name)}' is not the name of an environment variable: it is empty or has '=' in it.", nameof(name));
    }

    private string TextOf(T item, string parameter)
    {
        ArgumentNullException.ThrowIfNull(item, parameter);
        return ToText(item) ?? throw new ArgumentException("No name and no value can have a null character in it, or a lone surrogate other than U+DC80 to U+DCFF.", parameter);
    }

    private string Display(T name) => SurrogateEscape.ToLossy(ToText(name) ?? "");

    private KeyValuePair<T, T>[] Pairs() =>
        Array.ConvertAll(LiveEnvironment.ToArray(), variable => KeyValuePair.Create(FromText(variable.Key), FromText(variable.Value)));

    private EnvironmentSnapshot<T> Snapshot(Func<KeyValuePair<string, string>, string> part) =>
        new(Array.ConvertAll(LiveEnvironment.ToArray(), variable => FromText(part(variable))), _comparer);
}
