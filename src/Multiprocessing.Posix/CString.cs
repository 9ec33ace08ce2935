using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Multiprocessing.Posix;

/// <summary>A string as the C library wants it: UTF-8, ending in a null byte, outside the managed heap.</summary>
internal unsafe ref struct CString
{
    /// <exception cref="ArgumentException">The string has a null character in it, which would silently cut it short.</exception>
    internal CString(string text, string parameter = "name")
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        RefuseNull(text, parameter);
        Pointer = Utf8StringMarshaller.ConvertToUnmanaged(text);
    }

    internal byte* Pointer { get; private set; }

    public void Dispose()
    {
        Utf8StringMarshaller.Free(Pointer);
        Pointer = null;
    }

    internal static void RefuseNull(string text, string parameter)
    {
        foreach (char c in text) // a vectorized search costs a starting process a millisecond of type loading
        {
            if (c == '\0')
            {
                throw new ArgumentException("The text has a null character in it; the system would cut it short there.", parameter);
            }
        }
    }
}

/// <summary>A null-terminated array of C strings, as exec and spawn want arguments and environment.</summary>
[StructLayout(LayoutKind.Auto)]
internal unsafe ref struct CStringArray
{
    private readonly int _count;

    internal CStringArray(IReadOnlyCollection<string> texts, string parameter)
    {
        foreach (string text in texts)
        {
            ArgumentNullException.ThrowIfNull(text, parameter);
            CString.RefuseNull(text, parameter);
        }

        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in texts)
        {
            Pointer[_count++] = Utf8StringMarshaller.ConvertToUnmanaged(text);
        }
    }

    internal byte** Pointer { get; private set; }

    public void Dispose()
    {
        for (int i = 0; i < _count && Pointer is not null; i++)
        {
            Utf8StringMarshaller.Free(Pointer[i]);
        }

        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
