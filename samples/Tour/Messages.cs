namespace Tour;

/// <summary>How a message of several values is printed.</summary>
internal static class Messages
{
    /// <summary>Such as "[42, null, hello]".</summary>
    internal static void Print(object?[] message) => Console.WriteLine($"[{string.Join(", ", message.Select(value => value ?? "null"))}]");
}
