using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>struct statx: of its 256 bytes, those that tell one file from every other, and how much it takes. See statx(2).</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(32)]
    internal ulong Inode;

    /// <summary>In units of 512 bytes.</summary>
    [FieldOffset(48)]
    internal ulong Blocks;

    [FieldOffset(136)]
    internal uint DeviceMajor;

    [FieldOffset(140)]
    internal uint DeviceMinor;

    internal readonly FileIdentity Identity => new(DeviceMajor, DeviceMinor, Inode);
}

/// <summary>Which file it is, whatever its names: no other has the same while it exists.</summary>
/// <param name="DeviceMajor">The major number of the device that it is on.</param>
/// <param name="DeviceMinor">The minor number of the device that it is on.</param>
/// <param name="Inode">Its inode there.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode);
