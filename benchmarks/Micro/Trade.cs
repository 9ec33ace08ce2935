namespace Micro;

/// <summary>A small record, as messages often are.</summary>
public sealed record Trade(int Number, string Symbol, double Price);
