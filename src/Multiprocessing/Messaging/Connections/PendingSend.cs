using System.Runtime.InteropServices;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>A message that did not go at the first try: what to wait for, and what its transport keeps until the next.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct PendingSend
{
    /// <summary>What to poll before the next try; set whenever a try says false.</summary>
    internal SafeDescriptorHandle? Descriptor { get; set; }

    /// <summary>For which events.</summary>
    internal PollEvents Events { get; set; }

    /// <summary>The transport's own, such as how much of the message has gone. Null before the first try, and after the message went.</summary>
    internal object? Progress { get; set; }
}
