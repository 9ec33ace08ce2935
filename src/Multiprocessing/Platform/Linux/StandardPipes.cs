using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The ends of a child's standard streams: ours, and those that the child gets.</summary>
internal sealed class StandardPipes
{
    private const int WriteOnly = 1;

    private readonly SafeDescriptorHandle?[] _childs = new SafeDescriptorHandle?[3];

    internal SafeDescriptorHandle? Input { get; private set; }

    internal SafeDescriptorHandle? Output { get; private set; }

    internal SafeDescriptorHandle? Error { get; private set; }

    /// <summary>Ends by itself when the child's end is closed, as it is when there is no child.</summary>
    internal Tee? TeeOfOutput { get; private set; }

    internal Tee? TeeOfError { get; private set; }

    internal static StandardPipes Make(ChildProcessOptions options)
    {
        StandardStream[] kinds = [options.StandardInput is StandardStream.Default ? StandardStream.Null : options.StandardInput, options.StandardOutput, options.StandardError];
        StandardPipes pipes = new();
        for (int number = 0; number < kinds.Length; number++)
        {
            // Our own first: where one is closed, what is opened here may get its number.
            pipes._childs[number] = kinds[number] is StandardStream.Null or StandardStream.Pipe ? null : Borrow(number);
        }

        try
        {
            pipes.Input = pipes.Open(0, kinds[0]);
            pipes.Output = pipes.Open(1, kinds[1]);
            pipes.Error = pipes.Open(2, kinds[2]);
            pipes.TeeOfOutput = kinds[1] == StandardStream.Tee ? pipes.OpenTee(1) : null;
            pipes.TeeOfError = kinds[2] == StandardStream.Tee ? pipes.OpenTee(2) : null;
            return pipes;
        }
        catch
        {
            pipes.DisposeOurs();
            pipes.DisposeChilds();
            throw;
        }
    }

    internal void AddTo(Dictionary<int, int> descriptors)
    {
        for (int number = 0; number < _childs.Length; number++)
        {
            if (_childs[number] is { } end)
            {
                descriptors.Add(number, end.Number);
            }
        }
    }

    internal void DisposeChilds()
    {
        foreach (SafeDescriptorHandle? end in _childs)
        {
            end?.Dispose();
        }
    }

    internal void DisposeOurs()
    {
        Input?.Dispose();
        Output?.Dispose();
        Error?.Dispose();
    }

    /// <returns>Our end, for a pipe.</returns>
    private SafeDescriptorHandle? Open(int number, StandardStream kind)
    {
        switch (kind)
        {
            case StandardStream.Pipe:
                (SafeDescriptorHandle read, SafeDescriptorHandle write) = Os.Pipe2();
                (_childs[number], SafeDescriptorHandle ours) = number == 0 ? (read, write) : (write, read);
                return ours;
            case StandardStream.Tee:
                return null;
            default:
                _childs[number] ??= Os.Open("/dev/null", number == 0 ? 0 : WriteOnly);
                return null;
        }
    }

    private Tee OpenTee(int number)
    {
        // A duplicate: as with a child that inherits the stream, it counts what it is now, not what it may become.
        SafeDescriptorHandle? destination = _childs[number] is { } ours ? Os.Dup(ours) : null;
        SafeDescriptorHandle? source = null;
        try
        {
            (source, _childs[number]) = Os.Pipe2();
            return new Tee(number, source, destination);
        }
        catch
        {
            source?.Dispose();
            destination?.Dispose();
            throw;
        }
    }

    /// <summary>Our own stream, or nothing where it is closed: the child has the null device then, for whatever it opened first would get the number, and all its output.</summary>
    private static SafeDescriptorHandle? Borrow(int number)
    {
        SafeDescriptorHandle ours = new(number, ownsHandle: false);
        try
        {
            // Close-on-exec is what the runtime or this library opened, and is no standard stream, even if it got the number of one.
            return Os.GetInheritable(ours) ? ours : null;
        }
        catch (PosixException)
        {
            return null;
        }
    }
}
