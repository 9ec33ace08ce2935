using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Multiprocessing.Tests")]
