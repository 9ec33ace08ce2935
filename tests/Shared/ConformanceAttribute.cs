using System.Globalization;
using Xunit.v3;

namespace Multiprocessing.Tests;

/// <summary>The lines of docs/conformance.md that a test shows to hold; eng/conformance reads it, and <c>--filter-trait Conformance=57</c> runs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceAttribute(params int[] lines) : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() =>
        [.. lines.Select(line => KeyValuePair.Create("Conformance", line.ToString(CultureInfo.InvariantCulture)))];
}
