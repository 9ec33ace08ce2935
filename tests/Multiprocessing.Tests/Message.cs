namespace Multiprocessing.Tests;

/// <summary>One value on its way through bytes.</summary>
internal static class Message
{
    internal static byte[] Of(object? value)
    {
        WireWriter writer = new();
        ValueSerializer.Write<object?>(writer, value, Subject.Message);
        return writer.Written.ToArray();
    }

    internal static object? Read(ReadOnlySpan<byte> message, params Type[]? asked)
    {
        WireReader reader = new(message) { Asked = asked is { Length: > 0 } ? asked : null };
        return ValueSerializer.Read(ref reader);
    }

    internal static object? RoundTrip(object? value)
    {
        WireReader reader = new(Of(value));
        object? received = ValueSerializer.Read(ref reader);
        Assert.Equal(0, reader.Left);
        return received;
    }

    internal static T RoundTrip<T>(T value)
    {
        WireWriter writer = new();
        ValueSerializer.Write(writer, value, Subject.Message);
        WireReader reader = new(writer.Written);
        T received = ValueSerializer.Read<T>(ref reader);
        Assert.Equal(0, reader.Left);
        return received;
    }
}
