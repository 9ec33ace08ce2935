using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Micro")]
[assembly: InternalsVisibleTo("Multiprocessing.Tests")]
[assembly: InternalsVisibleTo("Multiprocessing.Soak")]
