namespace Multiprocessing;

public sealed partial class Connection : ICrossing
{
    void ICrossing.Depart(WireWriter writer)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        writer.Bool(_canReceive);
        writer.Bool(_canSend);
        writer.Bool(_isTrustedPeer);
        _transport.Depart(writer);
    }

    /// <remarks>Whom this process must not trust cannot vouch for others either.</remarks>
    void ICrossing.Arrive(ref WireReader reader)
    {
        _canReceive = reader.Bool();
        _canSend = reader.Bool();
        _isTrustedPeer = reader.Bool() && reader.Asked is null;
        _allowed = [];
        _waits = new ConnectionWaits();
        _transport = Transport.Arrive(ref reader);
    }
}
