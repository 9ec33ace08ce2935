using System.Reflection;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>What is being sent, for the message of a refusal. Put into words only then: finding a lambda's place reads its debug symbols.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct Subject
{
    private readonly string _name;
    private readonly MethodBase? _capturedBy;
    private readonly Type? _fieldOf;

    private Subject(string name, MethodBase? capturedBy = null, Type? fieldOf = null)
    {
        _name = name;
        _capturedBy = capturedBy;
        _fieldOf = fieldOf;
    }

    internal static Subject Result => new("the result");

    internal static Subject Target => new("the target");

    internal static Subject Argument(string? name) => new($"the argument '{name}'");

    internal static Subject Field(FieldInfo field, Type of) => new($"the field '{PlainName(field)}' of {TypeNames.Display(of)}");

    /// <summary>A variable that a method captures, or a field of its <c>this</c>.</summary>
    internal static Subject Captured(MethodBase by, FieldInfo field, Type? fieldOf) => new(PlainName(field), by, fieldOf);

    internal static Subject This(MethodBase by) => new("this", by);

    /// <summary>The name in the source: the compiler calls the field of a captured parameter "&lt;name&gt;P", of a property "&lt;Name&gt;k__BackingField".</summary>
    internal static string PlainName(FieldInfo field) =>
        field.Name == CapturePlan.ThisField ? "this"
        : field.Name.StartsWith('<') && field.Name.IndexOf('>', StringComparison.Ordinal) is > 1 and var end ? field.Name[1..end]
        : field.Name;

    /// <summary>"the variable 'stream' captured by the lambda at Program.cs:12".</summary>
    public override string ToString() => _capturedBy is null
        ? _name
        : _fieldOf is null
            ? $"the variable '{_name}' captured by {MethodDescription.Of(_capturedBy)}"
            : $"the field '{_name}' of `this` captured by {MethodDescription.Of(_capturedBy)}";

    /// <summary>The beginning of a sentence that goes on with "cannot be sent".</summary>
    internal string Begin(Type? type)
    {
        string kind = type is null ? "" : $" ({TypeNames.Display(type)})";
        if (_capturedBy is null)
        {
            return $"{char.ToUpperInvariant(_name[0])}{_name[1..]}{kind}";
        }

        string owner = MethodDescription.Of(_capturedBy);
        owner = $"{char.ToUpperInvariant(owner[0])}{owner[1..]}";
        return _fieldOf is null
            ? $"{owner} captures `{_name}`{kind}, which"
            : $"{owner} captures `this` ({TypeNames.Display(_fieldOf)}), whose field `{_name}`{kind}";
    }
}
