namespace Multiprocessing;

/// <summary>How deep values may be nested in each other. Both sides walk them by recursion, so a message must not choose how much stack that takes.</summary>
internal static class Nesting
{
    internal const int Maximum = 256;
}
