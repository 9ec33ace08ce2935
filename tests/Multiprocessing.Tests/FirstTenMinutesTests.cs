using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Multiprocessing.Tests;

/// <summary>What beginners run into, and the exact words that they then read. Places and process IDs stand as in the documentation.</summary>
public sealed class FirstTenMinutesTests
{
    private static int s_count;

    // ---- A lambda in an instance method captures `this` ----
    [Fact]
    public async Task A_logger_that_the_lambda_does_not_even_use_is_refused_with_the_way_out()
    {
        Service service = new(NullLogger<Service>.Instance);
        Assert.Equal(
            "The lambda at Program.cs:12 captures `this` (Service), whose field `_logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process. "
            + "The lambda itself does not read it, but `this` crosses whole: copy what the lambda needs of `this` to local variables first, or mark it [NonSerialized], which leaves it empty in the child.",
            await RefusalOf(service.DoubleAsync));
        Assert.Equal(6, await service.DoubleOfACopyAsync());
    }

    [Fact]
    public async Task A_logger_that_the_lambda_uses_is_refused_with_the_way_out() => Assert.Equal(
        "The lambda at Program.cs:12 captures `this` (Service), whose field `_logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process; "
        + "make one inside the lambda, or return what is to be logged, and copy what the lambda needs of `this` to local variables first.",
        await RefusalOf(new Service(NullLogger<Service>.Instance).LogAsync));

    [Fact]
    public async Task An_async_lambda_that_uses_the_logger_is_told_the_same() => Assert.Equal(
        "The lambda at Program.cs:12 captures `this` (Service), whose field `_logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process; "
        + "make one inside the lambda, or return what is to be logged, and copy what the lambda needs of `this` to local variables first.",
        await RefusalOf(new Service(NullLogger<Service>.Instance).LogLaterAsync));

    [Fact]
    public async Task A_parameter_of_a_primary_constructor_is_named_as_in_the_source() => Assert.Equal(
        "The lambda at Program.cs:12 captures `this` (Primary), whose field `logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process. "
        + "The lambda itself does not read it, but `this` crosses whole: copy what the lambda needs of `this` to local variables first.",
        await RefusalOf(new Primary(NullLogger<Service>.Instance, 3).DoubleAsync));

    [Fact]
    public async Task A_property_of_a_record_is_named_as_in_the_source() => Assert.Equal(
        "The lambda at Program.cs:12 captures `this` (Order), whose field `Logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process. "
        + "The lambda itself does not read it, but `this` crosses whole: copy what the lambda needs of `this` to local variables first, or mark it [field: NonSerialized], which leaves it empty in the child.",
        await RefusalOf(new Order(3, NullLogger<Service>.Instance).DoubleAsync));

    [Fact]
    public async Task A_method_of_an_object_as_the_target_is_told_to_be_static() => Assert.Equal(
        "Service.Work captures `this` (Service), whose field `_logger` (NullLogger<Service>) cannot be sent to another process: a logger belongs to this process. "
        + "The method itself does not read it, but `this` crosses whole: use a static method, and pass it what it needs, or mark it [NonSerialized], which leaves it empty in the child.",
        await RefusalOf(() => ChildProcess.RunAsync(new Service(NullLogger<Service>.Instance).Work)));

    [Fact]
    public async Task A_this_that_is_disposable_itself_is_refused() => Assert.Equal(
        "The lambda at Program.cs:12 captures `this` (Connection), which cannot be sent to another process: it is IDisposable and so holds something of this process; copy what the lambda needs of `this` to local variables first.",
        await RefusalOf(new Connection().DoubleAsync));

    [Fact]
    public async Task A_field_that_is_marked_as_not_serialized_stays_empty_in_the_child()
    {
        Marked marked = new(NullLogger<Service>.Instance);
        Assert.Equal((true, true, 3), await marked.LookAsync());
        using MarkedProcess process = new(Stream.Null);
        process.Start();
        Assert.True(process.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(7, process.ExitCode);
    }

    // ---- What a lambda captures ----
    public static TheoryData<object, string> Captured => new()
    {
        { NullLogger<Service>.Instance, "(NullLogger<Service>), which cannot be sent to another process: a logger belongs to this process; make one inside the lambda, or return what is to be logged." },
        { new HttpClient(), "(HttpClient), which cannot be sent to another process: it is IDisposable and so holds something of this process; make it inside the lambda." },
        { new Connection(), "(Connection), which cannot be sent to another process: it is IDisposable and so holds something of this process; make it inside the lambda." },
        { new MemoryStream(), "(MemoryStream), which cannot be sent to another process: it is an open stream of this process; open it inside the lambda." },
        { new CancellationTokenSource().Token, "(CancellationToken), which cannot be sent to another process: it belongs to this process; leave it out of the lambda, and pass the token to RunAsync, which then ends the child." },
        { Task.FromResult(1), "(Task<Int32>), which cannot be sent to another process: it runs in this process; await it first and send its result." },
        { new ValueTask<int>(1), "(ValueTask<Int32>), which cannot be sent to another process: it runs in this process; await it first and send its result." },
        { new Thread(() => { }), "(Thread), which cannot be sent to another process: it runs in this process; start one inside the lambda." },
        { new Lazy<int>(() => 3), "(Lazy<Int32>), which cannot be sent to another process: its value is made in this process; read its Value first and send that." },
        { new AsyncLocal<int>(), "(AsyncLocal<Int32>), which cannot be sent to another process: its value is made in this process; read its Value first and send that." },
        { new SemaphoreSlim(1), "(SemaphoreSlim), which cannot be sent to another process: it synchronises threads of one process only; make one inside the lambda if the child's own threads need it." },
        { new ManualResetEvent(false), "(ManualResetEvent), which cannot be sent to another process: it synchronises threads of one process only; make one inside the lambda if the child's own threads need it." },
        { new Progress<int>(), "(Progress<Int32>), which cannot be sent to another process: it calls back into this process; return what is to be reported, or write it to standard output and read it here (StandardStream.Pipe)." },
        { new Services(), "(Services), which cannot be sent to another process: its services belong to this process; make what the child needs inside the lambda." },
        { new InvalidOperationException(), "(InvalidOperationException), which cannot be sent to another process: exceptions cross when a child throws them, not as values; send its message." },
        { typeof(int), "(Type), which cannot be sent to another process: it belongs to this runtime; send its name." },
        { new Holder<Func<int>>(() => 1), "(Holder<Func<Int32>>), which cannot be sent to another process: it holds a Func<Int32>, and delegates cross as the target, as a captured variable or in an array, not inside another object; capture it in a variable of its own." },
        { new List<Stream> { Stream.Null }, "(List<Stream>), which cannot be sent to another process: it holds a Stream, and it is an open stream of this process; open it inside the lambda." },
        { new Dictionary<string, ILogger>(), "(Dictionary<String, ILogger>), which cannot be sent to another process: it holds an ILogger, and a logger belongs to this process; make one inside the lambda, or return what is to be logged." },
        { new Random(1), "(Random), which cannot be sent to another process: its field '_impl' can be neither read nor set from outside, so it would be lost; send what it is made from, and make it inside the lambda." },
        { new Observed(), "(Observed), which cannot be sent to another process: its event 'Changed' calls back into this process; mark it [field: NonSerialized], and nobody listens to it in the child." },
        { new Secretive(), "(Secretive), which cannot be sent to another process: its field '_secret' can be neither read nor set from outside, so it would be lost; make it a public property, or mark it [NonSerialized] to leave it out." },
        { new Scaled(2, 3), "(Scaled), which cannot be sent to another process: no public constructor of it could make it again; give it a parameterless one, or one whose parameters have the names and types of its properties." },
        { new HashSet<string>(EqualityComparer<string>.Create((a, b) => a == b)), "(HashSet<String>), which cannot be sent to another process: its comparer would be lost; send its elements, and make it inside the lambda." },
        { new SortedDictionary<int, int>(Comparer<int>.Create((a, b) => b - a)), "(SortedDictionary<Int32, Int32>), which cannot be sent to another process: its comparer would be lost; send its elements, and make it inside the lambda." },
        { new Holder<Dictionary<string, int>>(new(EqualityComparer<string>.Create((a, b) => a == b))), "(Holder<Dictionary<String, Int32>>), which cannot be sent to another process: it holds a Dictionary<String, Int32>, and its comparer would be lost; send its elements, and make it inside the lambda." },
        { new Titled(), "(Titled), which cannot be sent to another process: its elements alone would arrive, without its property 'Title'; send that beside it, or mark it [field: NonSerialized] to leave it out." },
        { Node.Chain(300), "(Node), which cannot be sent to another process: it holds itself, or is nested more than 256 deep; leave out what points back, or send a flat list." },
        { Ring.Make(), "(Ring), which cannot be sent to another process: it holds itself, or is nested more than 256 deep; leave out what points back, or send a flat list." },
        { new[] { 1 }.ToLookup(i => i), "(CollectionLookup<Int32, Int32>), which cannot be sent to another process: it cannot be made again from its elements; send an array, a list or a dictionary of them." },
    };

    [Theory]
    [MemberData(nameof(Captured), DisableDiscoveryEnumeration = true)]
    public async Task A_captured_variable_that_cannot_cross_is_refused_with_what_to_do_instead(object value, string words)
    {
        Assert.Equal($"The lambda at Program.cs:12 captures `value` {words}", await RefusalOf(() => ChildProcess.RunAsync(() => value.ToString())));
        (value as IDisposable)?.Dispose();
    }

    [Fact]
    public async Task A_collection_with_the_usual_comparer_crosses()
    {
        Dictionary<string, int> dictionary = new(StringComparer.Ordinal) { ["a"] = 1 };
        HashSet<Guid> set = [Guid.Empty];
        SortedSet<int> sorted = [2, 1];
        Assert.Equal(4, await ChildProcess.RunAsync(() => dictionary["a"] + set.Count + sorted.Count));
    }

    [Fact]
    public async Task An_argument_that_cannot_cross_is_named() => Assert.Equal(
        "The argument 'log' (StringWriter) cannot be sent to another process: it is an open stream of this process; open it in the child.",
        await RefusalOf(() =>
        {
            ChildProcess.Start((TextWriter log) => log.WriteLine(), [new StringWriter()]);
            return Task.CompletedTask;
        }));

    [Fact]
    public async Task A_result_that_cannot_cross_is_told_to_be_plain_data()
    {
        ChildFailedException failure = await Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(() => File.OpenRead("/dev/null")));
        Assert.Equal(
            "The child 'Process-1' (pid 4711) failed with Multiprocessing.NotSerializableException: "
            + "The result (FileStream) cannot be sent to another process: it is an open stream of this process; return plain data.",
            Plain(failure.Message));
    }

    // ---- What the library cannot say, since it writes to no stream: it holds as the documentation has it ----
    [Fact]
    public async Task Statics_start_fresh_in_a_child_and_stay_there()
    {
        s_count = 5;
        Assert.Equal(1, await ChildProcess.RunAsync(() => ++s_count));
        Assert.Equal(5, s_count);
    }

    [Fact]
    public async Task Reading_a_line_from_the_console_of_a_child_gives_null_at_once() => Assert.Null(await ChildProcess.RunAsync(Console.ReadLine));

    [Fact]
    public void A_system_that_is_not_supported_is_told_what_is()
    {
        Assert.Equal(
            "Multiprocessing starts children on Linux only, so far: run this program on Linux, in WSL or in a Linux container.",
            Assert.Throws<PlatformNotSupportedException>(() => RunningChild.ThrowIfUnsupported(isLinux: false)).Message);
        RunningChild.ThrowIfUnsupported(isLinux: true);
    }

    // ---- Exceptions ----
    [Fact]
    public async Task A_part_of_an_exception_that_can_be_made_in_the_child_only_stays_behind()
    {
        ChildFailedException failure = await FailureOf(() => throw new PickyException(new Picky()));
        Assert.Null(Assert.IsType<PickyException>(failure.InnerException).Part);
    }

    [Fact]
    public async Task An_exception_without_a_usual_constructor_comes_back_with_its_state()
    {
        OddException original = Assert.IsType<OddException>((await FailureOf(() => throw OddException.Make())).InnerException);
        Assert.Equal("order 7 of 2 items at host.example, 00:00:03", original.Message);
        Assert.Equal(5, original.HResult);
        Assert.Equal("value", original.Data["key"]);
        Assert.Equal(6, original.Data[5]);
    }

    [Fact]
    public async Task A_part_of_an_exception_that_cannot_cross_stays_behind()
    {
        ChildFailedException failure = await FailureOf(() => throw new StreamException("with a stream", Stream.Null));
        Assert.Equal("The child 'Process-1' (pid 4711) failed with Multiprocessing.Tests.FirstTenMinutesTests+StreamException: with a stream", Plain(failure.Message));
        Assert.Null(Assert.IsType<StreamException>(failure.InnerException).Open);
    }

    [Fact]
    public async Task All_exceptions_in_an_aggregate_come_back()
    {
        AggregateException original = Assert.IsType<AggregateException>((await FailureOf(() =>
            throw new AggregateException("several", new OddAggregate(new IOException("a")), new ArgumentException("b", new IOException("c"))))).InnerException);
        Assert.Equal("several (odd (a)) (b)", original.Message);
        Assert.Equal("a", Assert.IsType<IOException>(Assert.Single(Assert.IsType<OddAggregate>(original.InnerExceptions[0]).InnerExceptions)).Message);
        Assert.Equal("c", Assert.IsType<IOException>(Assert.IsType<ArgumentException>(original.InnerExceptions[1]).InnerException).Message);
        Assert.Same(original.InnerExceptions[0], original.InnerException);
    }

    [Fact]
    public async Task A_cancelled_operation_in_the_child_is_a_failure_as_any_other()
    {
        ChildFailedException failure = await FailureOf(() => new CancellationToken(canceled: true).ThrowIfCancellationRequested());
        Assert.Equal(CancellationToken.None, Assert.IsType<OperationCanceledException>(failure.InnerException).CancellationToken);
    }

    public static TheoryData<string, string> Faulty => new()
    {
        { nameof(FaultyException.Message), "(its Message threw System.InvalidOperationException)" },
        { nameof(FaultyException.StackTrace), "broken" },
        { nameof(FaultyException.ToString), "broken" },
        { nameof(FaultyException.Data), "broken" },
        { "", "broken" },
        { "null", "" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task An_exception_whose_members_throw_is_told_all_the_same(string member, string message)
    {
        ChildFailedException failure = await FailureOf(() => throw new FaultyException(member));
        Assert.Equal($"The child 'Process-1' (pid 4711) failed with Multiprocessing.Tests.FirstTenMinutesTests+FaultyException: {message}", Plain(failure.Message));
        Assert.Contains(nameof(An_exception_whose_members_throw_is_told_all_the_same), failure.RemoteStackTrace, StringComparison.Ordinal);
        Assert.Contains(nameof(An_exception_whose_members_throw_is_told_all_the_same), failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(member is "" or "null" or nameof(FaultyException.Data), failure.InnerException is not null);
    }

    [Theory]
    [Conformance(38)]
    [MemberData(nameof(Faulty))]
    public async Task An_exception_whose_members_throw_is_reported_where_nobody_awaits_it(string member, string message)
    {
        using ChildProcess child = ChildProcess.Start(() => throw new FaultyException(member), options: new() { StandardError = StandardStream.Pipe });
        using StreamReader reader = new(child.StandardError!);
        string report = await reader.ReadToEndAsync();
        Assert.Contains("FaultyException", report, StringComparison.Ordinal);
        Assert.Contains(message, report, StringComparison.Ordinal);
        Assert.Contains(nameof(An_exception_whose_members_throw_is_reported_where_nobody_awaits_it), report, StringComparison.Ordinal);
        Assert.True(child.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, child.ExitCode);
    }

    [Fact]
    public async Task An_exception_of_a_type_that_is_unknown_here_comes_back_as_text()
    {
        ChildFailedException failure = await FailureOf(ThrowUnknown);
        Assert.Equal("The child 'Process-1' (pid 4711) failed with Made.AtRunTime: Exception of type 'Made.AtRunTime' was thrown.", Plain(failure.Message));
        Assert.Equal("Made.AtRunTime", failure.RemoteType);
        Assert.Null(failure.InnerException);
    }

    [Fact]
    public async Task An_exception_of_an_unknown_type_within_a_known_one_is_stood_in_for()
    {
        ChildFailedException failure = await FailureOf(() =>
        {
            try
            {
                ThrowUnknown();
            }
            catch (Exception unknown)
            {
                throw new IOException("outside", unknown);
            }
        });
        ChildFailedException standIn = Assert.IsType<ChildFailedException>(Assert.IsType<IOException>(failure.InnerException).InnerException);
        Assert.Equal("Made.AtRunTime", standIn.RemoteType);
        Assert.Contains(nameof(ThrowUnknown), standIn.RemoteStackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_has_the_childs_stack_and_that_of_the_cause()
    {
        ChildFailedException failure = await FailureOf(Outer);
        string[] lines = [.. failure.ToString().Split('\n').Select(line => Regex.Replace(line.Trim(), @" in /.*/(\w+\.cs):line \d+$", " in $1"))];
        int child = Array.IndexOf(lines, "--- in the child ---");
        int parent = Array.IndexOf(lines, "--- in this process ---");
        Assert.Equal("Multiprocessing.ChildFailedException: The child 'Process-1' (pid 4711) failed with System.IO.IOException: outer", Plain(lines[0]));
        Assert.Equal("System.IO.IOException: outer", lines[child + 1]);
        Assert.Equal("---> System.FormatException: inner", lines[child + 2]);
        Assert.Equal("at Multiprocessing.Tests.FirstTenMinutesTests.Inner() in FirstTenMinutesTests.cs", lines[child + 3]);
        Assert.True(parent > child);
        Assert.Contains(lines[parent..], line => line.StartsWith("at ", StringComparison.Ordinal));
    }

    private static void Outer()
    {
        try
        {
            Inner();
        }
        catch (FormatException inner)
        {
            throw new IOException("outer", inner);
        }
    }

    private static void Inner() => throw new FormatException("inner");

    private static void ThrowUnknown()
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Made"), AssemblyBuilderAccess.Run);
        Type type = assembly.DefineDynamicModule("Made").DefineType("Made.AtRunTime", TypeAttributes.Public, typeof(Exception)).CreateType();
        throw (Exception)Activator.CreateInstance(type)!;
    }

    private static async Task<string> RefusalOf(Func<Task> start)
    {
        NotSerializableException refusal = await Assert.ThrowsAsync<NotSerializableException>(start);
        Assert.Empty(ChildProcess.ActiveChildren);
        return Plain(refusal.Message);
    }

    private static Task<ChildFailedException> FailureOf(Action work) => Assert.ThrowsAsync<ChildFailedException>(() => ChildProcess.RunAsync(work));

    private static string Plain(string message) => Regex.Replace(
        Regex.Replace(Regex.Replace(message, @"FirstTenMinutesTests\.cs:\d+", "Program.cs:12"), @"pid \d+", "pid 4711"),
        @"'Process-\d+'",
        "'Process-1'");

    private sealed class Service(ILogger<Service> logger)
    {
        private readonly ILogger<Service> _logger = logger;
        private readonly int _factor = 3;

        internal Task<int> DoubleAsync() => ChildProcess.RunAsync(() => _factor * 2);

        internal Task<int> DoubleOfACopyAsync()
        {
            int factor = _factor;
            return ChildProcess.RunAsync(() => factor * 2);
        }

        internal Task<bool> LogAsync() => ChildProcess.RunAsync(() => _logger.IsEnabled(LogLevel.Information));

        internal Task LogLaterAsync() => ChildProcess.RunAsync(async () =>
        {
            await Task.Yield();
            _logger.IsEnabled(LogLevel.Information);
        });

        internal int Work() => _factor * 2;
    }

    private sealed class Primary(ILogger<Service> logger, int factor)
    {
        internal Task<int> DoubleAsync() => ChildProcess.RunAsync(() => factor * 2);

        internal bool Log() => logger.IsEnabled(LogLevel.Information);
    }

    private sealed record Order(int Number, ILogger<Service> Logger)
    {
        internal Task<int> DoubleAsync() => ChildProcess.RunAsync(() => Number * 2);
    }

    private sealed class Connection : IDisposable
    {
        private readonly int _number = 2;

        public void Dispose()
        {
        }

        internal Task<int> DoubleAsync() => ChildProcess.RunAsync(() => _number * 2);
    }

    private sealed class Marked(ILogger<Service> logger)
    {
        [NonSerialized]
        private readonly ILogger<Service> _logger = logger;
        private readonly int _factor = 3;

        [field: NonSerialized]
        internal ILogger<Service> Logger { get; } = logger;

        internal Task<(bool, bool, int)> LookAsync() => ChildProcess.RunAsync(() => (_logger is null, Logger is null, _factor));
    }

    private sealed class MarkedProcess(Stream stream) : ChildProcess
    {
        [NonSerialized]
        private readonly Stream _stream = stream;

        protected override void Run() => ProcessExit.Exit(_stream is null ? 7 : 8);
    }

    private sealed class Services : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }

    private sealed record Holder<T>(T Value);

    private sealed class Observed
    {
        public event EventHandler? Changed;

        public void Change() => Changed?.Invoke(this, EventArgs.Empty);
    }

    private sealed class Secretive
    {
        private readonly int _secret = 3;

        public override string ToString() => $"{_secret}";
    }

    private sealed class Titled : List<int>
    {
        public string Title { get; set; } = "";
    }

    private sealed class Scaled(int number, int scale)
    {
        public int Number { get; } = number * scale;
    }

    private sealed class Node
    {
        public Node? Next { get; set; }

        internal static Node Chain(int length) => length == 0 ? new() : new() { Next = Chain(length - 1) };
    }

    private sealed record Ring(List<object> Content)
    {
        internal static Ring Make()
        {
            Ring ring = new([]);
            ring.Content.Add(ring);
            return ring;
        }
    }

    private sealed class OddException : Exception
    {
        private readonly int _order;

        private OddException(int order, string[] items, Uri from, TimeSpan after)
            : base("order")
        {
            _order = order;
            Items = items;
            From = from;
            After = after;
        }

        public string[] Items { get; }

        public Uri From { get; }

        public TimeSpan After { get; }

        public override string Message => $"{base.Message} {_order} of {Items.Length} items at {From.Host}, {After}";

        internal static OddException Make() => new(7, ["a", "b"], new Uri("http://host.example/"), TimeSpan.FromSeconds(3))
        {
            HResult = 5,
            Data = { ["key"] = "value", [5] = 6 },
        };
    }

    private sealed class Picky
    {
        public Picky()
        {
            if (ChildProcess.Parent is null)
            {
                throw new InvalidOperationException("not here");
            }
        }
    }

    private sealed class PickyException(Picky part) : Exception("picky")
    {
        internal Picky Part => part;
    }

    private sealed class OddAggregate(Exception inner) : AggregateException("odd", inner);

    private sealed class StreamException(string message, Stream open) : Exception(message)
    {
        internal Stream Open => open;
    }

    private sealed class FaultyException(string member) : Exception("broken")
    {
        public override string Message => member == "null" ? null! : member != nameof(Message) ? base.Message : throw new InvalidOperationException("in Message");

        public override string? StackTrace => member != nameof(StackTrace) ? base.StackTrace : throw new InvalidOperationException("in StackTrace");

        public override System.Collections.IDictionary Data => member != nameof(Data) ? base.Data : throw new InvalidOperationException("in Data");

        public override string ToString() => member != nameof(ToString) ? base.ToString() : throw new InvalidOperationException("in ToString");
    }
}
