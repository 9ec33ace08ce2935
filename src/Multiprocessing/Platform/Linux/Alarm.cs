using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Calls back, once, on the library's watching thread: it is in time even where the thread pool is busy.</summary>
internal sealed class Alarm : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SafeDescriptorHandle _timer = Os.TimerFdCreate();
    private readonly ReadinessWatcher.Registration _registration;

    internal Alarm(TimeSpan time, Action callback)
    {
        try
        {
            Os.TimerFdSetTime(_timer, time);
            lock (_gate) // a short time may be over before the registration is known
            {
                _registration = ReadinessWatcher.OfChildren.Watch(_timer, () =>
                {
                    Dispose();
                    callback();
                });
            }
        }
        catch
        {
            _timer.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _registration.Dispose();
            _timer.Dispose();
        }
    }
}
