namespace Multiprocessing.Posix;

/// <summary>The environment as text.</summary>
internal sealed class TextEnvironment : EnvironmentMap<string>
{
    private TextEnvironment()
        : base(StringComparer.Ordinal)
    {
    }

    internal static TextEnvironment Instance { get; } = new();

    private protected override string? ToText(string item) => SurrogateEscape.TryNormalize(item);

    private protected override string FromText(string text) => text;
}
