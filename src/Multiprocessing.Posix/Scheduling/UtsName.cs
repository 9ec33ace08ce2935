using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct utsname: six fields of 65 bytes in both C libraries.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UtsName
{
    internal Field System;
    internal Field Node;
    internal Field Release;
    internal Field Version;
    internal Field Machine;
    internal Field Domain;

    [InlineArray(65)]
    internal struct Field
    {
        private byte _first;

        internal readonly string Text
        {
            get
            {
                ReadOnlySpan<byte> bytes = this;
                int end = bytes.IndexOf((byte)0);
                return global::System.Text.Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
            }
        }
    }
}
