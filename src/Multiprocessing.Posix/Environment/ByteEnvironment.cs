namespace Multiprocessing.Posix;

/// <summary>The environment as bytes.</summary>
internal sealed class ByteEnvironment : EnvironmentMap<byte[]>
{
    private ByteEnvironment()
        : base(new ContentComparer())
    {
    }

    internal static ByteEnvironment Instance { get; } = new();

    private protected override string? ToText(byte[] item) => item.Contains((byte)0) ? null : SurrogateEscape.Decode(item);

    private protected override byte[] FromText(string text) => SurrogateEscape.Encode(text);

    private sealed class ContentComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x is null || y is null ? x == y : x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            HashCode hash = default;
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
