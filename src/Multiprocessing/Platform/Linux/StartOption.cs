namespace Multiprocessing;

/// <summary>What a child does to itself before its code runs, in this order. A bit each.</summary>
[Flags]
internal enum StartOption
{
    None = 0,
    CpuAffinity = 1,
    Nice = 2,
    NewSession = 4,
    ProcessGroup = 8,
    WorkingDirectory = 16,
    Limits = 32,
    MemoryLimit = 64,
    CpuTimeLimit = 128,
    User = 256,
}
