namespace Multiprocessing;

/// <summary>What <see cref="ProcessWait"/> can wait for where a descriptor alone does not tell whether it is ready.</summary>
internal interface IWaitable
{
    /// <summary>Adds the descriptors that poll readable when it may have become ready. From here on nothing must be missed.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    /// <exception cref="InvalidOperationException">It can never be ready, such as an end that only sends.</exception>
    void BeginWait(WaitSet set);

    /// <summary>Whether it is ready, without waiting; also when it was closed since. A "no" must leave its descriptors unreadable, or the wait would spin.</summary>
    /// <param name="fired">Whether one of its descriptors polled readable.</param>
    bool IsReady(bool fired);

    /// <summary>Called once for each <see cref="BeginWait"/> that returned.</summary>
    void EndWait();
}
