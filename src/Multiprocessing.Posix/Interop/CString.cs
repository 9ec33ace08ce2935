using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Multiprocessing.Posix;

/// <summary>A string as the C library wants it, ending in a null byte, outside the managed heap: UTF-8, and the bytes that escapes in it stand for.</summary>
internal unsafe ref struct CString
{
    /// <exception cref="ArgumentException">The string has a null character in it, which would silently cut it short, or a lone surrogate that stands for no byte.</exception>
    internal CString(string text, string parameter = "name")
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        Pointer = ToUnmanaged(text, parameter);
    }

    internal byte* Pointer { get; private set; }

    public void Dispose()
    {
        Utf8StringMarshaller.Free(Pointer);
        Pointer = null;
    }

    /// <returns>To be freed by <see cref="Utf8StringMarshaller.Free"/>.</returns>
    internal static byte* ToUnmanaged(string text, string parameter)
    {
        bool plain = true;
        foreach (char c in text) // a vectorized search costs a starting process a millisecond of type loading
        {
            if (c == '\0')
            {
                throw SurrogateEscape.NullCharacter(parameter);
            }

            plain &= !char.IsSurrogate(c);
        }

        return plain ? Utf8StringMarshaller.ConvertToUnmanaged(text) : EncodeEscapes(text, parameter);
    }

    private static byte* EncodeEscapes(string text, string parameter)
    {
        byte[] bytes = SurrogateEscape.Encode(text, parameter);
        byte* pointer = (byte*)Marshal.AllocCoTaskMem(bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(pointer, bytes.Length));
        pointer[bytes.Length] = 0;
        return pointer;
    }
}

/// <summary>A null-terminated array of C strings, as exec and spawn want arguments and environment.</summary>
[StructLayout(LayoutKind.Auto)]
internal unsafe ref struct CStringArray
{
    private int _count;

    internal CStringArray(IReadOnlyCollection<string> texts, string parameter)
    {
        string[] all = [.. texts]; // what it says of its length may not be true, or not any more
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)all.Length + 1, (nuint)sizeof(byte*));
        try
        {
            foreach (string text in all)
            {
                ArgumentNullException.ThrowIfNull(text, parameter);
                Pointer[_count] = CString.ToUnmanaged(text, parameter);
                _count++;
            }
        }
        catch
        {
            Dispose();
            throw;
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
