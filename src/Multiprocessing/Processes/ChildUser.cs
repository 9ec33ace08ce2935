namespace Multiprocessing;

/// <summary>As whom a child runs.</summary>
/// <param name="Uid">The user ID: real, effective and saved.</param>
/// <param name="Gid">The group ID: real, effective and saved.</param>
/// <param name="Groups">The supplementary groups; none given: none.</param>
public sealed record ChildUser(uint Uid, uint Gid, params uint[] Groups);
