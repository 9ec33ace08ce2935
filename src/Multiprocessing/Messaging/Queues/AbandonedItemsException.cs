namespace Multiprocessing;

/// <summary>Items were taken from a queue by processes that have ended, or have disposed of it, without marking them done. Told once; the next Join no longer counts them.</summary>
public sealed class AbandonedItemsException : MultiprocessingException
{
    internal AbandonedItemsException(long count)
        : base($"{count} item{(count == 1 ? " was" : "s were")} taken from the queue by processes that ended, or disposed of it, before they called TaskDone. Put them again if they are still to be done.") => Count = count;

    /// <summary>How many items.</summary>
    public long Count { get; }
}
