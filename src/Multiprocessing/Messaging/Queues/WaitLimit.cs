using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>Until when a wait may last.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct WaitLimit
{
    private readonly long _start;
    private readonly TimeSpan? _time;

    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> or null: for ever.</param>
    /// <param name="name">The caller's parameter.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    internal WaitLimit(TimeSpan? timeout, [CallerArgumentExpression(nameof(timeout))] string? name = null)
    {
        if (timeout is { } time && time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
            _time = time;
            _start = time == TimeSpan.Zero ? 0 : Stopwatch.GetTimestamp();
        }
    }

    internal static WaitLimit Never => default;

    internal bool IsOver => Remaining == TimeSpan.Zero;

    /// <summary>Null: for ever.</summary>
    internal TimeSpan? Remaining
    {
        get
        {
            if (_time is not { } time || time == TimeSpan.Zero)
            {
                return _time;
            }

            TimeSpan left = time - Stopwatch.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
