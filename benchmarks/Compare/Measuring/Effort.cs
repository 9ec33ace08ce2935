namespace Compare;

/// <summary>How much time a run may take.</summary>
internal sealed record Effort(bool Quick)
{
    internal T Pick<T>(T full, T quick) => Quick ? quick : full;
}
