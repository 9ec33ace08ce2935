using System.Runtime.InteropServices;

namespace Multiprocessing;

/// <summary>
/// Work that runs in an operating-system process of its own: it can be killed at any instant, and whatever it does to its memory,
/// its environment or its working directory stays there.
/// </summary>
/// <remarks>
/// All members may be used from any thread. A child that has ended is reaped (no zombie is left) when somebody asks about it:
/// <see cref="Join"/>, <see cref="IsAlive"/>, <see cref="ExitCode"/>, an awaited result, <see cref="ActiveChildren"/>, the next <see cref="Start()"/>.
/// By default a child is killed by the kernel when its parent ends, however the parent ends.
/// <para>
/// A child is a process of its own: it runs the target, not Main; statics start fresh in it, and what it writes to them or to captured
/// variables stays there; its standard input is the null device unless <see cref="ChildProcessOptions.StandardInput"/> says otherwise, so <see cref="Console.ReadLine"/> gives null.
/// </para>
/// <para>
/// A child that nobody joins is joined when this process ends in order, so a forgotten <see cref="Join"/> makes the program wait at its end;
/// a daemon is ended instead.
/// </para>
/// </remarks>
/// <example><code>
/// using var child = new ChildProcess(() => Console.WriteLine("hello from another process"));
/// child.Start();
/// child.Join();
/// Console.WriteLine(child.ExitCode);   // 0
/// </code></example>
public partial class ChildProcess : IDisposable, IAsyncDisposable
{
    private readonly ChildProcessOptions _options;
    private readonly string _lineage;
    private readonly bool _reports;

    // Not readonly: the object that runs in the child is made without a constructor.
    private Lock _gate = new();
    private Delegate? _target;
    private object?[] _arguments = [];
    private string _name;
    private bool _daemon;
    private bool _started;
    private bool _closed;
    private int? _pid;

    /// <summary>Prepares a child that runs an action.</summary>
    /// <param name="target">What the child does: a static method or a lambda. Of the captured variables those that it reads are copied to the child.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    public ChildProcess(Action target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null)
        : this(NotNull(target), [], reports: false, name, daemon, options)
    {
    }

    /// <summary>Prepares a child that runs an asynchronous function and ends when its task does.</summary>
    /// <param name="target">What the child does. Of the captured variables those that it reads are copied to the child.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    public ChildProcess(Func<Task> target, string? name = null, bool? daemon = null, ChildProcessOptions? options = null)
        : this(NotNull(target), [], reports: false, name, daemon, options)
    {
    }

    /// <summary>Prepares a child that calls a method with arguments.</summary>
    /// <param name="target">What the child calls. What it returns is dropped; a task is awaited.</param>
    /// <param name="args">The arguments by position.</param>
    /// <param name="kwargs">Further arguments, by parameter name; parameters with a default value may be left out.</param>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    /// <exception cref="ArgumentException">The arguments do not fit the parameters; the message names the one that does not.</exception>
    public ChildProcess(Delegate target, object?[]? args = null, IReadOnlyDictionary<string, object?>? kwargs = null, string? name = null, bool? daemon = null, ChildProcessOptions? options = null)
        : this(NotNull(target), ArgumentBinder.Bind(target, args ?? [], kwargs), reports: false, name, daemon, options)
    {
    }

    /// <summary>For a class derived from this one, which says in <see cref="Run"/> what the child does.</summary>
    /// <param name="name">The child's name; null: "Process-1" and so on.</param>
    /// <param name="daemon">Whether it is ended, not waited for, when this process leaves; null: as this process is.</param>
    /// <param name="options">How it is started; null: the defaults.</param>
    protected ChildProcess(string? name = null, bool? daemon = null, ChildProcessOptions? options = null)
        : this(null, [], reports: false, name, daemon, options)
    {
    }

    private protected ChildProcess(Delegate? target, object?[] arguments, bool reports, string? name, bool? daemon, ChildProcessOptions? options)
    {
        _lineage = ProcessIdentity.NextLineage();
        _name = name ?? $"Process-{_lineage}";
        _daemon = daemon ?? ProcessIdentity.Current.Daemon;
        _options = options ?? ChildProcessOptions.Default;
        RefuseMethod(_options.StartMethod);
        _target = target;
        _arguments = arguments;
        _reports = reports;
    }

    /// <summary>The first process of the application, or in a child that child.</summary>
    public static ProcessIdentity Current
    {
        get
        {
            Leaving.Observe(); // and so learn of forks
            return ProcessIdentity.Current;
        }
    }

    /// <summary>Who started this process; null in the first process.</summary>
    public static ProcessIdentity? Parent => ProcessIdentity.Parent;

    /// <summary>The start methods that there are here, the default first.</summary>
    public static IReadOnlyList<StartMethod> StartMethods { get; } = [StartMethod.Spawn];

    /// <summary>How children are made whose options do not say. In a child, how it was made itself. To be set before the first child is started.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such start method.</exception>
    /// <exception cref="PlatformNotSupportedException">There is one, but not here; the message says why.</exception>
    /// <exception cref="InvalidOperationException">A child has been started already.</exception>
    public static StartMethod DefaultStartMethod
    {
        get => StartMethod.Spawn;
        set
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such start method.");
            }

            RefuseMethod(value);
            if (Children.WereStarted)
            {
                throw new InvalidOperationException($"A child has been started already; set {nameof(DefaultStartMethod)} before the first one, or say the method in its {nameof(ChildProcessOptions)}.");
            }
        }
    }

    /// <summary>The children of this process that are alive. Those that have ended are reaped.</summary>
    public static IReadOnlyList<ChildProcess> ActiveChildren => Children.ReapAndList();

    /// <summary>The child's name. Setting it after the start changes it on this side only.</summary>
    public string Name
    {
        get => _name;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _name = value;
        }
    }

    /// <summary>Whether the child is ended, not waited for, when this process leaves.</summary>
    /// <exception cref="InvalidOperationException">It is set after the start.</exception>
    public bool Daemon
    {
        get => _daemon;
        set
        {
            if (_started)
            {
                throw new InvalidOperationException($"'{Name}' has been started; whether it is a daemon is to be said before.");
            }

            _daemon = value;
        }
    }

    /// <summary>The child's process ID; null before the start. It may be another process's once the child has been reaped.</summary>
    public int? Pid => _pid;

    /// <summary>Whether the child has been started and has not ended. Asking reaps a child that has.</summary>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public bool IsAlive
    {
        get
        {
            ThrowIfClosed();
            return !IsGone();
        }
    }

    /// <summary>0 to 255 for a child that exited, the negated number of the signal that ended it, 255 when nobody knows; null until it ended.</summary>
    public int? ExitCode => ExitStatus?.ExitCode;

    /// <summary>How the child ended; null until it did. Asking reaps a child that has.</summary>
    public ChildExitStatus? ExitStatus
    {
        get
        {
            lock (_gate)
            {
                return _started && TryFinish() ? _exitStatus : null;
            }
        }
    }

    /// <summary>A handle that polls readable when the child has ended. It belongs to this object.</summary>
    /// <exception cref="InvalidOperationException">The child has not been started.</exception>
    /// <exception cref="ObjectDisposedException">The object was closed.</exception>
    public SafeHandle Sentinel
    {
        get
        {
            lock (_gate)
            {
                ThrowIfClosed();
                SafeHandle process = Started().Process;
                return _sentinel ??= _exitStatus is null ? process : RunningChild.AlwaysReadable();
            }
        }
    }

    /// <summary>The writing end of the child's standard input; null unless the option says <see cref="StandardStream.Pipe"/>.</summary>
    public Stream? StandardInput => _child?.StandardInput;

    /// <summary>The reading end of the child's standard output; null unless the option says <see cref="StandardStream.Pipe"/>.</summary>
    public Stream? StandardOutput => _child?.StandardOutput;

    /// <summary>The reading end of the child's standard error; null unless the option says <see cref="StandardStream.Pipe"/>.</summary>
    public Stream? StandardError => _child?.StandardError;

    /// <summary>The name, and how it stands with the child.</summary>
    /// <returns>Such as "Process-1 (pid 4711, running)".</returns>
    public override string ToString() => !_started
        ? $"{Name} (not started)"
        : $"{Name} (pid {_pid}, {(_exitStatus is { } status ? $"ended with {status.ExitCode}" : "running")})";

    /// <summary>What the child does. A class derived from this one may override it; its fields go along.</summary>
    protected virtual void Run()
    {
        if (_target is not null && Work.Call(_target, _arguments) is Task task)
        {
            task.GetAwaiter().GetResult();
        }
    }

    /// <summary>In the child: this object is the one that runs.</summary>
    internal object? RunInChild(Delegate? target, object?[] arguments)
    {
        _gate = new Lock();
        _name = ProcessIdentity.Current.Name;
        _daemon = ProcessIdentity.Current.Daemon;
        _pid = ProcessIdentity.Current.Pid;
        _target = target;
        _arguments = arguments;
        Run();
        return null;
    }

    private protected static TDelegate NotNull<TDelegate>(TDelegate target)
        where TDelegate : Delegate
    {
        ArgumentNullException.ThrowIfNull(target);
        return target;
    }

    private static void RefuseMethod(StartMethod method)
    {
        if (method == StartMethod.ForkServer && !ForkServer.IsSupported(out string? reason))
        {
            throw new PlatformNotSupportedException(reason);
        }

        if (method == StartMethod.Fork)
        {
            throw new PlatformNotSupportedException("A ChildProcess is not made by a fork of this process, which has threads that a fork would lose; use Os.Fork in a program that Os.RestartForkable has restarted.");
        }
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_closed, this);
}
