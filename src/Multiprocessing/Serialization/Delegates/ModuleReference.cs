using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Multiprocessing;

/// <summary>A module by its assembly's name, its file and its version ID.</summary>
internal static class ModuleReference
{
    private const int VersionIdLength = 16;

    /// <summary>The program's own module, which needs no name: nearly all that is sent stands there.</summary>
    internal static Module? Program { get; } = Assembly.GetEntryAssembly()?.ManifestModule;

    internal static void Write(WireWriter writer, Module module)
    {
        writer.Bool(module == Program);
        if (module != Program)
        {
            writer.String(module.Assembly.FullName);
            writer.String(LocationOf(module.Assembly));
        }

        writer.Raw(module.ModuleVersionId.ToByteArray());
    }

    /// <exception cref="InvalidDataException">The assembly cannot be loaded here, or it is another build.</exception>
    internal static Module Read(ref WireReader reader)
    {
        Module module = reader.Bool()
            ? Program ?? throw new InvalidDataException("The message refers to the program's own assembly, but this process has none.")
            : Load(reader.String(), reader.String()).ManifestModule;
        return reader.Raw(VersionIdLength).SequenceEqual(module.ModuleVersionId.ToByteArray())
            ? module
            : throw new InvalidDataException($"The assembly '{module.Assembly.FullName}' is another build here than in the parent; it was rebuilt while the parent ran, so start the parent again.");
    }

    private static Assembly Load(string name, string location)
    {
        try
        {
            return Assembly.Load(new AssemblyName(name));
        }
        catch (FileNotFoundException exception)
        {
            // Not one of the application's own: a plug-in, loaded from a file in the parent.
            return location.Length > 0
                ? Assembly.LoadFrom(location)
                : throw new InvalidDataException($"The assembly '{name}' was loaded from memory in the parent and has no file to load here; save it to a file first.", exception);
        }
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty in a single file, where the assembly is found by its name.")]
    private static string LocationOf(Assembly assembly) => assembly.Location;
}
