using System.Runtime.InteropServices;

namespace Multiprocessing.Posix;

/// <summary>Who is at the other end of a local socket: struct ucred. See unix(7).</summary>
/// <param name="Pid">The process ID, in this process's PID namespace; 0 when it is not visible there.</param>
/// <param name="Uid">The effective user ID.</param>
/// <param name="Gid">The effective group ID.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid);
