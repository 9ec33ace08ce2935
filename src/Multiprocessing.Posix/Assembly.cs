using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

// The C library is found by the system's loader; looking beside the application first would only cost a failed open for each name tried.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

[assembly: InternalsVisibleTo("Multiprocessing")]
[assembly: InternalsVisibleTo("Multiprocessing.Posix.Tests")]
