namespace Multiprocessing.Posix;

/// <summary>Tells the layer above, in its children, that this process has changed its user. By itself, since a starting child sets it.</summary>
internal static class UserChange
{
    internal static Action? Callback { get; set; }
}
