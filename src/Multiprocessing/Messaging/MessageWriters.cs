namespace Multiprocessing;

/// <summary>A writer for each thread, so that a message costs no new one.</summary>
internal static class MessageWriters
{
    [ThreadStatic]
    private static WireWriter? s_writer;

    /// <summary>Its own while it is rented: what is sent may send something while it is written.</summary>
    internal static WireWriter Rent()
    {
        WireWriter writer = s_writer ?? new WireWriter();
        s_writer = null;
        return writer;
    }

    internal static void Return(WireWriter writer)
    {
        writer.Clear();
        s_writer = writer;
    }
}
