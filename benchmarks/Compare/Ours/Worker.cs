using Multiprocessing;

namespace Compare;

/// <summary>A child that does the same work again each time it is told how much, and answers with the sum of the items it had in hand.</summary>
internal sealed class Worker : IDisposable
{
    private readonly Connection _control;
    private readonly ChildProcess _child;

    /// <param name="process">Which process of the benchmark it is, for its placement.</param>
    /// <param name="work">Takes the number of items.</param>
    internal Worker(int process, Func<int, long> work)
    {
        (_control, Connection theirs) = Pipe.Create();
        int processor = Placement.Processor(process);
        _child = ChildProcess.Start(() =>
        {
            Placement.Stay(processor);
            Serve(theirs, work);
        });
        theirs.Dispose();
    }

    internal void Begin(int count) => _control.Send(count);

    /// <returns>The sum of the items.</returns>
    internal long End() => _control.Receive<long>();

    public void Dispose()
    {
        _control.Dispose();
        _child.Dispose(); // which ends one that still waits for the queue
    }

    private static void Serve(Connection control, Func<int, long> work)
    {
        try
        {
            while (true)
            {
                control.Send(work(control.Receive<int>()));
            }
        }
        catch (EndOfStreamException)
        {
        }
    }
}
