using System.Collections;

namespace Multiprocessing.Posix;

/// <summary>The environment in its two places, the C library's and .NET's copy of it, neither of which sees what is set in the other.</summary>
/// <remarks>
/// <para>
/// Each look first brings them together, variable by variable: the side that changed since the last look wins, the C side where both did.
/// Before the first look, "the last look" is what the program was started with. CoreCLR copies the environment as it starts; ahead-of-time
/// compiled programs do so at their first enumeration or change, and read the C side until then, which comes to the same here.
/// </para>
/// <para>
/// All is kept as text by <see cref="SurrogateEscape"/>, so that bytes are not lost. .NET's copy cannot hold such escapes: there a value that is not
/// UTF-8 has U+FFFD in it, which is remembered and no change; a variable whose name is not UTF-8 stays with the C side, and what .NET made of
/// its name stays with .NET.
/// </para>
/// <para>
/// There is no cheaper way to learn of a change of .NET's copy than to list it: some 100 ns and 200 bytes for each variable there is.
/// </para>
/// </remarks>
internal static class LiveEnvironment
{
    private const char Replacement = '\uFFFD';

    private static readonly Lock s_lock = new();

    // The last look at either side. No entries: there was none yet, or we have changed the C side since, and native code may have meanwhile, too.
    private static bool s_looked;
    private static byte[][]? s_entries;
    private static Dictionary<string, string> s_native = [];
    private static Dictionary<string, string> s_managed = [];

    internal static int Count
    {
        get
        {
            lock (s_lock)
            {
                Merge();
                return s_native.Count;
            }
        }
    }

    internal static string? Get(string name)
    {
        lock (s_lock)
        {
            Merge();
            return s_native.GetValueOrDefault(name);
        }
    }

    internal static KeyValuePair<string, string>[] ToArray()
    {
        lock (s_lock)
        {
            Merge();
            KeyValuePair<string, string>[] variables = new KeyValuePair<string, string>[s_native.Count];
            ((ICollection<KeyValuePair<string, string>>)s_native).CopyTo(variables, 0);
            return variables;
        }
    }

    /// <summary>The C environment to hand to a program, byte for byte.</summary>
    internal static EnvironmentBlock ToBlock()
    {
        lock (s_lock)
        {
            Merge();
            return new EnvironmentBlock(s_entries ?? NativeEnvironment.Read());
        }
    }

    internal static void Set(string name, string value)
    {
        lock (s_lock)
        {
            Merge();
            SetBoth(name, value);
        }
    }

    /// <returns>False where there is such a variable already.</returns>
    internal static bool TryAdd(string name, string value)
    {
        lock (s_lock)
        {
            Merge();
            if (s_native.ContainsKey(name))
            {
                return false;
            }

            SetBoth(name, value);
            return true;
        }
    }

    /// <param name="name">The variable.</param>
    /// <param name="expected">The value that it is to have; null: any.</param>
    /// <returns>Whether there was such a variable.</returns>
    internal static bool Remove(string name, string? expected = null)
    {
        lock (s_lock)
        {
            Merge();
            if (!s_native.TryGetValue(name, out string? value) || (expected is not null && value != expected))
            {
                return false;
            }

            SetBoth(name, null);
            return true;
        }
    }

    internal static void Clear()
    {
        lock (s_lock)
        {
            Merge();
            foreach (string name in new List<string>(s_native.Keys))
            {
                SetBoth(name, null);
            }
        }
    }

    private static void SetBoth(string name, string? value)
    {
        if (SetNative(s_native, name, value))
        {
            s_entries = null;
        }

        SetManaged(s_managed, name, value);
    }

    private static void Merge()
    {
        IDictionary managedNow = Environment.GetEnvironmentVariables();
        bool nativeIsSame = s_entries is not null && NativeEnvironment.Is(s_entries);
        if (nativeIsSame && IsSame(managedNow))
        {
            return;
        }

        byte[][] entries = nativeIsSame ? s_entries! : NativeEnvironment.Read();
        Dictionary<string, string> native = NativeEnvironment.ToVariables(entries);
        Dictionary<string, string> managed = ToVariables(managedNow);
        if (!s_looked)
        {
            s_native = InitialNative(native, managed);
            s_managed = InitialManaged(native, managed);
        }

        bool nativeIsSet = false;
        HashSet<string> names = new(native.Keys, StringComparer.Ordinal);
        names.UnionWith(managed.Keys);
        names.UnionWith(s_native.Keys);
        names.UnionWith(s_managed.Keys);
        foreach (string name in names)
        {
            string? value = native.GetValueOrDefault(name);
            string? managedValue = managed.GetValueOrDefault(name);
            if (value != s_native.GetValueOrDefault(name))
            {
                SetManaged(managed, name, value);
            }
            else if (managedValue != s_managed.GetValueOrDefault(name) && !SurrogateEscape.HasLoneSurrogates(name))
            {
                nativeIsSet |= SetNative(native, name, managedValue is null ? null : SurrogateEscape.TryNormalize(managedValue) ?? SurrogateEscape.ToLossy(managedValue));
            }
        }

        (s_native, s_managed, s_entries, s_looked) = (native, managed, nativeIsSet ? null : entries, true);
    }

    /// <summary>What native code had when the program was started.</summary>
    private static Dictionary<string, string> InitialNative(Dictionary<string, string> native, Dictionary<string, string> managed)
    {
        if (NativeEnvironment.ReadInitial() is { } entries)
        {
            return NativeEnvironment.ToVariables(entries);
        }

        // Nobody knows: what only one side has was set there, and what differs was changed by .NET.
        Dictionary<string, string> initial = new(native, StringComparer.Ordinal);
        foreach (string name in native.Keys)
        {
            if (!managed.ContainsKey(name))
            {
                initial.Remove(name);
            }
        }

        return initial;
    }

    /// <summary>What .NET had of the environment that the program was started with.</summary>
    private static Dictionary<string, string> InitialManaged(Dictionary<string, string> native, Dictionary<string, string> managed)
    {
        Dictionary<string, string> initial = new(s_native.Count, StringComparer.Ordinal);
        foreach ((string name, string value) in s_native)
        {
            if (!SurrogateEscape.HasLoneSurrogates(name))
            {
                // How many U+FFFD the runtime made of bytes that are not UTF-8 is its own affair.
                bool isCopy = SurrogateEscape.HasLoneSurrogates(value) && managed.TryGetValue(name, out string? copy) && copy.AsSpan().Contains(Replacement);
                initial[name] = isCopy ? managed[name] : SurrogateEscape.ToLossy(value);
            }
        }

        if (HasNamesThatAreNotText(s_native) || HasNamesThatAreNotText(native))
        {
            foreach ((string name, string value) in managed)
            {
                if (name.AsSpan().Contains(Replacement) && !native.ContainsKey(name))
                {
                    initial.TryAdd(name, value); // made of a name that is not UTF-8, not set by anybody
                }
            }
        }

        return initial;
    }

    private static bool HasNamesThatAreNotText(Dictionary<string, string> variables)
    {
        foreach (string name in variables.Keys)
        {
            if (SurrogateEscape.HasLoneSurrogates(name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(IDictionary managed)
    {
        if (managed.Count != s_managed.Count)
        {
            return false;
        }

        IDictionaryEnumerator variable = managed.GetEnumerator();
        while (variable.MoveNext())
        {
            if (!s_managed.TryGetValue((string)variable.Key, out string? value) || value != (string?)variable.Value)
            {
                return false;
            }
        }

        return true;
    }

    private static Dictionary<string, string> ToVariables(IDictionary managed)
    {
        Dictionary<string, string> variables = new(managed.Count, StringComparer.Ordinal);
        foreach (DictionaryEntry variable in managed)
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return variables;
    }

    /// <returns>Whether there was anything to change.</returns>
    private static bool SetNative(Dictionary<string, string> native, string name, string? value)
    {
        if (native.GetValueOrDefault(name) == value)
        {
            return false;
        }

        NativeEnvironment.Set(name, value);
        Keep(native, name, value);
        return true;
    }

    private static void SetManaged(Dictionary<string, string> managed, string name, string? value)
    {
        value = value is null ? null : SurrogateEscape.ToLossy(value);
        if (managed.GetValueOrDefault(name) != value && !SurrogateEscape.HasLoneSurrogates(name))
        {
            do
            {
                Environment.SetEnvironmentVariable(name, value);
            }
            while (value is null && Environment.GetEnvironmentVariable(name) is not null); // a name that was there several times at the start: CoreCLR misses one
            Keep(managed, name, value);
        }
    }

    private static void Keep(Dictionary<string, string> side, string name, string? value)
    {
        if (value is null)
        {
            side.Remove(name);
        }
        else
        {
            side[name] = value;
        }
    }
}
