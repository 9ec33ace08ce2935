using System.Reflection;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>What is being sent, for the message of a refusal. Put into words only then: finding a lambda's place reads its debug symbols.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct Subject
{
    private readonly string _name;
    private readonly MethodBase? _capturedBy;
    private readonly FieldInfo? _field;
    private readonly Type? _fieldOf;
    private readonly bool _isResult;

    private Subject(string name, MethodBase? capturedBy = null, FieldInfo? field = null, Type? fieldOf = null, bool isResult = false)
    {
        _name = name;
        _capturedBy = capturedBy;
        _field = field;
        _fieldOf = fieldOf;
        _isResult = isResult;
    }

    internal static Subject Result => new("the result", isResult: true);

    internal static Subject Message => new("the message");

    internal static Subject Target => new("the target");

    internal static Subject WarmUp => new("the warm-up");

    internal static Subject Argument(string? name) => new($"the argument '{name}'");

    internal static Subject Field(FieldInfo field, Type of) => new($"the field '{PlainName(field)}' of {TypeNames.Display(of)}");

    /// <summary>A variable that a method captures, or a field of its <c>this</c>.</summary>
    internal static Subject Captured(MethodBase by, FieldInfo field, Type? fieldOf) => new(PlainName(field), by, field, fieldOf);

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

    /// <summary>Without IL, nobody can tell which variables a lambda reads.</summary>
    private string Unread() => _capturedBy is not null && _fieldOf is null && !_capturedBy.HasMetadataToken()
        ? "; under Native AOT a lambda takes all variables of its scope along, whether it reads them or not"
        : "";

    /// <summary>The beginning of a sentence that goes on with "cannot be sent".</summary>
    internal string Begin(Type? type)
    {
        string kind = type is null ? "" : $" ({TypeNames.Display(type)}{Unread()})";
        if (_capturedBy is null)
        {
            return $"{char.ToUpperInvariant(_name[0])}{_name[1..]}{kind}";
        }

        string owner = MethodDescription.AtStart(_capturedBy);
        return _fieldOf is null
            ? $"{owner} captures `{_name}`{kind}, which"
            : $"{owner} captures `this` ({TypeNames.Display(_fieldOf)}), whose field `{_name}`{kind}";
    }

    /// <summary>The sentence's end: why not, and what to do, which depends on where the thing stands.</summary>
    internal string End(Refusal refusal)
    {
        string advice = _isResult ? "return plain data" : refusal.Advice.Replace("{there}", _capturedBy is null ? "in the child" : $"inside the {Kind}", StringComparison.Ordinal);
        string whole = $"{refusal.Reason}; {advice}";
        if (_capturedBy is null || (_field is not null && _fieldOf is null))
        {
            return whole;
        }

        string copy = IsLambda ? $"copy what the {Kind} needs of `this` to local variables first" : "use a static method, and pass it what it needs";
        if (_field is null)
        {
            return $"{refusal.Reason}; {copy}";
        }

        return _capturedBy is not MethodInfo method || ClosureFields.ReadBy(method)?.Contains(_field) != false
            ? $"{whole}, and {copy}"
            : $"{refusal.Reason}. The {Kind} itself does not read it, but `this` crosses whole: {copy}{(Refusals.Mark(_field) is { } mark ? $", or mark it {mark}, which leaves it empty in the child" : "")}";
    }

    private bool IsLambda => _capturedBy!.Name.StartsWith('<');

    private string Kind => !IsLambda ? "method" : _capturedBy!.Name.Contains(">g__", StringComparison.Ordinal) ? "local function" : "lambda";
}
