using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Multiprocessing;

/// <summary>A method in words, for messages: "the lambda at Program.cs:12", "the local function Parse at Program.cs:20", "Worker.Run".</summary>
/// <remarks>The place comes from the debug symbols beside or inside the assembly. Only refusals ask for it.</remarks>
internal static class MethodDescription
{
    internal static string Of(MethodBase method)
    {
        string place = PlaceOf(method) is { } found ? $" at {found}" : "";
        if (method.Name.Contains(">b__", StringComparison.Ordinal))
        {
            string around = method.Name[..method.Name.IndexOf(">b__", StringComparison.Ordinal)].Trim('<', '>', '$'); // "<<Main>$>b__0" in a program without a Main of its own
            return place.Length > 0 ? $"the lambda{place}" : $"a lambda in {around}";
        }

        int local = method.Name.IndexOf(">g__", StringComparison.Ordinal);
        return local >= 0
            ? $"the local function {method.Name[(local + 4)..].Split('|')[0]}{place}"
            : $"{method.DeclaringType?.Name}.{method.Name}";
    }

    /// <summary>The same at the beginning of a sentence.</summary>
    internal static string AtStart(MethodBase method)
    {
        string words = Of(method);
        return $"{char.ToUpperInvariant(words[0])}{words[1..]}";
    }

    private static string? PlaceOf(MethodBase method)
    {
        try
        {
            using MetadataReaderProvider? provider = OpenSymbols(method.Module.Assembly);
            if (provider is null || CodeOf(method) is not { } code)
            {
                return null;
            }

            MetadataReader symbols = provider.GetMetadataReader();
            MethodDefinitionHandle handle = (MethodDefinitionHandle)MetadataTokens.Handle(code.MetadataToken);
            foreach (SequencePoint point in symbols.GetMethodDebugInformation(handle).GetSequencePoints())
            {
                if (!point.IsHidden)
                {
                    string file = Path.GetFileName(symbols.GetString(symbols.GetDocument(point.Document).Name));
                    return string.Create(CultureInfo.InvariantCulture, $"{file}:{point.StartLine}");
                }
            }
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            // Without symbols the message says less; it is the refusal that matters, not its place.
        }

        return null;
    }

    /// <summary>Where an async lambda's lines stand: in its state machine.</summary>
    private static MethodBase? CodeOf(MethodBase method) =>
        method.GetCustomAttribute<System.Runtime.CompilerServices.StateMachineAttribute>()?.StateMachineType
            .GetMethod("MoveNext", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) ?? method;

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty in a single file: then there is no place to tell.")]
    private static MetadataReaderProvider? OpenSymbols(Assembly assembly)
    {
        string location = assembly.Location;
        if (location.Length == 0)
        {
            return null;
        }

        using PEReader image = new(File.OpenRead(location));
        return image.TryOpenAssociatedPortablePdb(location, path => File.Exists(path) ? File.OpenRead(path) : null, out MetadataReaderProvider? provider, out _)
            ? provider
            : null;
    }
}
