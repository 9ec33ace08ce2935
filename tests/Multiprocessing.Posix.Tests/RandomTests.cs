namespace Multiprocessing.Posix.Tests;

public sealed class RandomTests
{
    [Fact]
    public void Random_bytes_fill_the_whole_buffer_and_never_come_twice()
    {
        byte[] large = new byte[1 << 20]; // the kernel gives at least 256 bytes at a time without interruption
        Os.GetRandom(large);
        Assert.Equal(256, large.Distinct().Count());
        Assert.DoesNotContain(Enumerable.Range(0, large.Length / 64), i => !large.AsSpan(i * 64, 64).ContainsAnyExcept((byte)0));
        byte[] one = new byte[16];
        byte[] other = new byte[16];
        Os.GetRandom(one);
        Os.GetRandom(other);
        Assert.NotEqual(one, other);
        Os.GetRandom([]);
    }
}
