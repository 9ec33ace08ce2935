using Multiprocessing.Posix;

namespace Multiprocessing.Tests.Messaging.Queues;

public sealed class QueueTrustTests
{
    private static readonly ProcessQueueOptions s_declared = new() { OnlyDeclaredTypes = true };

    [Fact]
    public async Task Of_a_queue_for_declared_types_none_but_those_are_taken()
    {
        using ProcessQueue<Point> points = new(s_declared);
        using ProcessQueue<object> objects = new(s_declared);
        await ChildProcess.RunAsync(() =>
        {
            points.Put(new Point("a", 1));
            points.Put(new Special("b", 2, new Version(1, 2)));
            points.Put(new Point("c", 3));
            objects.Put(new Point("d", 4));
            objects.Put(5);
        });
        Assert.Equal(new Point("a", 1), points.Get());
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => points.Get());
        Assert.Contains("only what was asked for", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(new Point("c", 3), points.Get());
        Assert.Throws<InvalidDataException>(() => objects.Get());
        Assert.Equal(5, objects.Get());
    }

    [Fact]
    public async Task A_child_that_runs_as_another_user_gets_only_such_a_queue_or_one_of_bytes()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may start a child as somebody else.");
        ChildProcessOptions nobody = new() { User = new ChildUser(65534, 65534) };
        using ProcessQueue<Point> any = new();
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(() => ChildProcess.RunAsync(() => any.Put(new Point("a", 1)), nobody));
        Assert.Contains("'any'", refusal.Subject, StringComparison.Ordinal);
        Assert.Contains("OnlyDeclaredTypes", refusal.Message, StringComparison.Ordinal);

        using ProcessQueue<Point> declared = new(s_declared);
        using ProcessQueue<int> bytes = new();
        Assert.Equal(65534u, await ChildProcess.RunAsync(() =>
        {
            declared.Put(new Point("b", 2));
            bytes.Put(3);
            return Os.GetUid();
        }, nobody));
        Assert.Equal(new Point("b", 2), declared.Get());
        Assert.Equal(3, bytes.Get());
    }

    [Fact]
    public void A_capacity_that_makes_no_sense_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProcessQueueOptions { Capacity = 0 });
        using ProcessQueue<int> queue = new(new ProcessQueueOptions { Capacity = 2 });
        Assert.Equal(2, queue.Capacity);
    }

    private record Point(string Name, int Number);

    private sealed record Special(string Name, int Number, Version Version) : Point(Name, Number);
}
