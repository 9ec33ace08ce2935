using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Multiprocessing.Soak;

/// <summary>Malformed messages: none may do more than fail with an InvalidDataException, nor take more memory than a small multiple of its size.</summary>
internal static class Messages
{
    /// <summary>An exception with its stack, and the largest object that one byte can stand for, times the longest message.</summary>
    private const long MemoryForOne = 1 << 20;

    private static readonly object?[] s_values =
    [
        42, 1.5m, true, 'x', DateTime.UnixEpoch, "text \ud800", DayOfWeek.Friday, Guid.Empty, DateTimeOffset.UnixEpoch, DateOnly.MinValue, TimeOnly.MinValue, TimeSpan.Zero, Int128.One, Half.One, new Rune('x'), new Point(1, 2, true),
        new int[] { 1, 2, 3 }, new bool[] { true, false }, new decimal[] { 1, 2 }, new string?[] { "a", null }, new int?[] { 1, null }, new Point[] { new(1, 2, false) }, new[] { new[] { 1 }, null }, new int[2, 3], new string[1, 2],
        new object?[] { 42, null, "hello", Tree(3), Tree(0) }, Tree(4), new List<Order> { Tree(1), Tree(2) }, new Dictionary<string, Order?> { ["x"] = Tree(1), ["y"] = null }, new List<(string, int)> { ("a", 1) }, (1, "a", 2.5), ("a", (string?)null),
        new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "a" }, new SortedDictionary<int, string> { [1] = "a" }, new SortedSet<string> { "a" }, new Queue<int>([1, 2]), new Stack<string>(["a"]), new LinkedList<string>(["a"]),
        ImmutableArray.Create(1, 2), ImmutableList.Create("a"), ImmutableDictionary.CreateRange([KeyValuePair.Create("a", 1)]), new Dictionary<string, int> { ["a"] = 1 }.ToFrozenDictionary(), new[] { 1, 2 }.ToFrozenSet(),
        BigInteger.Pow(7, 99), new Uri("https://example.org/a"), new Version(1, 2), new StringBuilder("abc"), CultureInfo.InvariantCulture, new Regex("a+b"), IPAddress.Loopback, new BitArray(20), new NameValueCollection { { "a", "b" } }, DBNull.Value,
        new ArrayList { 1, "a" }, new Hashtable { ["a"] = 1 }, new Func<int>(() => 5), new object[] { new Func<string, int>(s => s.Length) }, new ReadOnlyMemory<byte>([1, 2, 3]), new ArraySegment<int>([1, 2, 3], 1, 1), new Mixed { A = 1, B = "b", C = [1] }, Ring(),
    ];

    private static readonly Type[][] s_asked = [TypeReference.PartsOf(typeof(List<Order>)), TypeReference.PartsOf(typeof(object[])), TypeReference.PartsOf(typeof(Dictionary<string, Order>)), [typeof(Point), typeof(Mixed), typeof(int[,]), typeof(BigInteger)]];

    internal static int Run(int count, int seed)
    {
        Progress progress = new("messages", count, seed);
        Random random = new(seed);
        byte[][] messages = [.. s_values.Select(Write)];
        int refused = 0;
        for (int done = 0; done < count;)
        {
            byte[] message = Changed(messages[random.Next(messages.Length)], messages[random.Next(messages.Length)], random);
            Type[]? asked = random.Next(2) == 0 ? null : s_asked[random.Next(s_asked.Length)];
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                WireReader reader = new(message) { Asked = asked };
                ValueSerializer.Read(ref reader);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Console.WriteLine($"message {done} of seed {seed}, {(asked is null ? "trusted" : "untrusted")}: {Convert.ToHexString(message)}\n{exception}");
                return 1;
            }

            if (GC.GetAllocatedBytesForCurrentThread() - before is > MemoryForOne and var bytes)
            {
                Console.WriteLine($"message {done} of seed {seed} took {bytes} bytes: {Convert.ToHexString(message)}");
                return 1;
            }

            progress.Report(++done);
        }

        Console.WriteLine($"{count} inputs, {refused} refused, {count - refused} still values; nothing else");
        return 0;
    }

    private static byte[] Write(object? value)
    {
        WireWriter writer = new();
        ValueSerializer.Write(writer, value, Subject.Message);
        return writer.Written.ToArray();
    }

    private static byte[] Changed(byte[] message, byte[] other, Random random)
    {
        List<byte> changed = [.. message];
        for (int left = random.Next(1, 5); left > 0; left--)
        {
            int at = random.Next(changed.Count + 1);
            switch (random.Next(7))
            {
                case 0: changed.RemoveRange(at, random.Next(changed.Count - at + 1)); break;
                case 1: changed.Insert(at, (byte)random.Next(256)); break;
                case 2 when at < changed.Count: changed[at] ^= (byte)(1 << random.Next(8)); break;
                case 3 when at < changed.Count: changed[at] = (byte)random.Next(32); break; // most tags and small counts
                case 4 when at < changed.Count: changed.RemoveAt(at); break;
                case 5: changed.InsertRange(at, other.AsSpan(random.Next(other.Length)).ToArray()); break;
                case 6 when at + sizeof(int) <= changed.Count:
                    changed.RemoveRange(at, sizeof(int));
                    changed.InsertRange(at, BitConverter.GetBytes(random.Next(3) == 0 ? random.Next() : random.Next(-2, 300)));
                    break;
                default: changed.AddRange(other); break;
            }
        }

        return [.. changed.Take(4096)];
    }

    private static Order Tree(int depth) => new(depth, $"order {depth}", depth == 0 ? [] : [Tree(depth - 1)], depth == 0 ? null : depth, DateTime.UnixEpoch);

    private static Mixed Ring()
    {
        Mixed ring = new();
        ring.D = new List<object?> { ring, "x" };
        return ring;
    }

    internal sealed record Order(int Number, string? Text, List<Order> Parts, object? Any, DateTime At);

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    internal readonly record struct Point(int X, double Y, bool Flag);

    internal sealed class Mixed
    {
        public int A { get; set; }

        public string? B { get; set; }

        public int[]? C { get; set; }

        public object? D { get; set; }
    }
}
