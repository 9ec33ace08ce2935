namespace Compare;

/// <summary>One metric: how this library does the work, and what does the same in the peers.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="Unit">What its samples are counted in.</param>
/// <param name="Ours">Takes the samples; throws if the work failed or its data did not arrive. Null: C's or Python's figure stands for itself.</param>
/// <param name="Python">The metric of peers/peer.py beside it.</param>
/// <param name="C">The metric of peers/limits.c beside it.</param>
internal sealed record Benchmark(string Name, Unit Unit, Func<Effort, double[]>? Ours, string? Python = null, string? C = null);
