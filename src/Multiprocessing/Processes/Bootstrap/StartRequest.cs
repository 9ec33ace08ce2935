using System.Reflection;
using System.Runtime.Loader;

namespace Multiprocessing;

/// <summary>The message that makes a child what it is; the parent writes it, the child reads it.</summary>
internal static class StartRequest
{
    internal static WireWriter Write(Work work, ProcessIdentity child, string lineage, bool reports, ChildSettings settings, ChildProcessOptions options)
    {
        WireWriter writer = new() { ForAnotherUser = options.User is not null };
        writer.Int32(0); // the length of what follows, patched below
        writer.Int32(0); // the number of descriptors that come after the message, patched below
        settings.WriteOriginals(writer);
        writer.String(HostCommand.ProgramPath);
        writer.String(child.Name);
        writer.Bool(child.Daemon);
        writer.String(lineage);
        writer.String(ProcessIdentity.Current.Name);
        writer.Int32(ProcessIdentity.Current.Pid);
        writer.Bytes(ProcessIdentity.CurrentKey);
        writer.Bool(reports);
        writer.Bool(settings.WaitForDebugger);
        StartOptions.Write(writer, options);
        Work.WriteWarmUps(writer, ForkServer.WarmUps);
        work.Write(writer);
        writer.PatchInt32(0, writer.Length - sizeof(int));
        writer.PatchInt32(sizeof(int), writer.Descriptors.Length);
        return writer;
    }

    /// <summary>Reads all but the options and the work, which may need the rest to be in place.</summary>
    /// <returns>Whether somebody in the parent waits for the result.</returns>
    internal static bool ReadAndBecome(ref WireReader reader)
    {
        ChildSettings.RestoreOriginals(ref reader);
        BecomeProgram(reader.NullableString());
        string name = reader.String();
        bool daemon = reader.Bool();
        string lineage = reader.String();
        ProcessIdentity parent = new(reader.String(), reader.Int32(), Daemon: false);
        ProcessIdentity.Become(new ProcessIdentity(name, Environment.ProcessId, daemon), parent, lineage, reader.Bytes().ToArray());
        return reader.Bool();
    }

    /// <summary>Where the host ran this library, the program's own assembly takes the place that it has in the parent.</summary>
    /// <remarks>By its path: to parse a name, the runtime would load the globalization data and compile nine methods, a third of a start.</remarks>
    private static void BecomeProgram(string? path)
    {
        if (path is not null && Assembly.GetEntryAssembly() == typeof(StartRequest).Assembly)
        {
            Assembly.SetEntryAssembly(AssemblyLoadContext.Default.LoadFromAssemblyPath(path));
        }
    }
}
