using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Multiprocessing.Tests;

/// <summary>The right column of docs/coming-from-python.md is C# that compiles, the left one Python that exists, and nothing of Python's is missing.</summary>
public sealed partial class ComingFromPythonTests
{
    private const string Page = "docs/coming-from-python.md";
    private const string Usings = "using Multiprocessing;\nusing Multiprocessing.Posix;\n";

    [Fact]
    [TimeLimit(60)]
    public async Task All_csharp_in_the_right_column_compiles()
    {
        Assert.True(Rows().Count() > 200, $"only {Rows().Count()} rows were found");
        string errors = await ChildProcess.RunAsync(() => DocumentedCode.Compile(new(AllCells(), Page, 1)).Errors); // see CompileAsync
        Assert.True(errors.Length == 0, errors);
    }

    [Fact]
    [TimeLimit(60)]
    public async Task All_csharp_between_the_tables_compiles()
    {
        DocumentedCode.Source[] blocks = [.. MarkdownBlock.Of(Page).Where(block => block.Language == "csharp").Select(block => new DocumentedCode.Source(Usings + block.Text, Page, block.Line - 2))];
        Assert.All(await DocumentedCode.CompileAsync(blocks), compiled => Assert.True(compiled.Errors.Length == 0, compiled.Errors));
    }

    [Fact]
    public void All_python_in_the_left_column_exists()
    {
        IEnumerable<string> spans = Rows().SelectMany(row => CodeSpan().Matches(row.Left).Select(span => $"{row.Line} {span.Groups[1].Value}"));
        string missing = RunPython(Existing, string.Concat(spans.Select(span => span + "\n")));
        Assert.True(missing.Length == 0, missing);
    }

    [Fact]
    public void Nothing_that_python_has_for_processes_is_missing()
    {
        string missing = RunPython(Missing, File.ReadAllText(Path.Combine(Repository.Root, Page)));
        Assert.True(missing.Length == 0, missing);
    }

    /// <summary>One function for each cell; its pieces come one after the other, and may use what the ones before declared.</summary>
    private static string AllCells()
    {
        MarkdownBlock names = MarkdownBlock.Of(Page).First(block => block.Language == "csharp");
        StringBuilder program = new($"{Usings}static class Cells\n{{\n");
        foreach (string line in names.Text.Split('\n'))
        {
            // Fields, so that a cell may declare its own variable of the same name.
            program.Append(line.StartsWith("static ", StringComparison.Ordinal) || line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal) ? $"{line}\n" : $"static {line}\n");
        }

        foreach ((int line, string _, string right) in Rows())
        {
            string body = string.Concat(CodeSpan().Matches(right).Select(span => Statement(span.Groups[1].Value) + " "));
            program.Append($"static async Task Line{line}()\n{{\nawait Task.CompletedTask;\n#line {line}\n{body}\n#line default\n}}\n");
        }

        return program.Append("static void Main() { }\n}\n").ToString();
    }

    /// <summary>A name stands for itself, be it a type or a member; an expression is evaluated; statements are statements.</summary>
    private static string Statement(string code)
    {
        if (DottedName().IsMatch(code))
        {
            return $"_ = nameof({code});";
        }

        if (code.StartsWith("catch ", StringComparison.Ordinal))
        {
            return $"try {{ }} {code} {{ }}";
        }

        ExpressionSyntax expression = SyntaxFactory.ParseExpression(code, consumeFullText: true);
        return expression.ContainsDiagnostics
            ? code
            : expression is InvocationExpressionSyntax or AssignmentExpressionSyntax or AwaitExpressionSyntax or ObjectCreationExpressionSyntax ? $"{code};" : $"_ = {code};";
    }

    /// <summary>The rows of all tables: a pipe within code has a backslash before it, as Markdown wants.</summary>
    private static IEnumerable<(int Line, string Left, string Right)> Rows()
    {
        foreach ((int index, string line) in File.ReadAllLines(Path.Combine(Repository.Root, Page)).Index())
        {
            if (line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Python", StringComparison.Ordinal))
            {
                string[] cells = [.. CellBorder().Split(line).Select(cell => cell.Replace(@"\|", "|", StringComparison.Ordinal))];
                Assert.True(cells.Length == 4, $"{Page}:{index + 1} has {cells.Length - 2} columns");
                yield return (index + 1, cells[1], cells[2]);
            }
        }
    }

    private static string RunPython(string script, string input)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "python3"))), "python3 is not installed.");
        using Process process = Process.Start(new ProcessStartInfo("python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        using StreamReader output = process.StandardOutput;
        using (StreamWriter writer = process.StandardInput)
        {
            writer.Write(input);
        }

        string text = output.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return text;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex CellBorder();

    [GeneratedRegex(@"^[A-Za-z_][\w.]*(<\w+>)?$")]
    private static partial Regex DottedName();

    /// <summary>Each line of the input is a line number and code: it must parse, and the names of the modules' members and parameters in it must exist.</summary>
    private const string Existing = """
        import ast, importlib, inspect, sys, textwrap
        modules = {}
        for name in ("os", "signal", "multiprocessing", "multiprocessing.connection", "multiprocessing.managers", "multiprocessing.shared_memory", "atexit", "resource", "sys",
                     "time", "threading", "subprocess", "select", "fcntl", "mmap", "socket", "pickle", "concurrent.futures.process"):
            importlib.import_module(name)
            modules[name.split(".")[0]] = sys.modules[name.split(".")[0]]
        modules["p"] = multiprocessing_process = modules["multiprocessing"].process.BaseProcess
        newer = {"process_cpu_count", "POSIX_SPAWN_CLOSEFROM", "interrupt", "SCHED_DEADLINE"} # since 3.13 and 3.14
        def path_of(node):
            return path_of(node.value) + [node.attr] if isinstance(node, ast.Attribute) else [node.id] if isinstance(node, ast.Name) else [None]
        for line in sys.stdin:
            number, code = line.rstrip("\n").split(" ", 1)
            try:
                tree = ast.parse(code)
            except SyntaxError as error:
                print(number, code, error)
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and path_of(node)[0] in modules:
                    path = path_of(node)
                    target = modules[path[0]]
                    for part in path[1:]:
                        if isinstance(target, property) or part in newer:
                            break
                        if not hasattr(target, part):
                            print(number, ".".join(path), "does not exist")
                            break
                        target = getattr(target, part)
                if isinstance(node, ast.Call) and path_of(node.func) == ["multiprocessing", "Process"]:
                    known = inspect.signature(modules["multiprocessing"].Process.__init__).parameters
                    for keyword in node.keywords:
                        if keyword.arg not in known:
                            print(number, "Process has no", keyword.arg)
        """;

    /// <summary>The input is the page: what the modules have for processes must stand in it.</summary>
    private const string Missing = """
        import atexit, multiprocessing, os, re, resource, signal, sys
        page = sys.stdin.read()
        subjects = re.compile(
            r"W[A-Z]+$|P_[A-Z]+$|CLD_|SCHED_|PRIO_|EX_|exec|spawn|posix_spawn|POSIX_SPAWN|wait|fork|register_at_fork|sched_|kill|abort$|_exit$|nice$|environ|supports_bytes_environ"
            r"|putenv|unsetenv|getenv|pipe|dup|get(e|res|)(u|g)id$|set(e|re|res|)(u|g)id$|get(groups|grouplist|login|pgid|pgrp|pid|ppid|sid|priority|loadavg|cwd|cwdb|_inheritable|_blocking|_exec_path)$"
            r"|set(groups|pgid|pgrp|sid|priority|_inheritable|_blocking)$|initgroups|umask|uname$|cpu_count|process_cpu_count|times$|pidfd|eventfd$|eventfd_|memfd_create|system$|popen$|tc[gs]etpgrp|openpty|sysconf$|closerange|get_exec_path")
        names = {"os." + name for name in dir(os) if subjects.match(name) and name != "execle_"}
        names |= {"multiprocessing." + name for name in multiprocessing.__all__}
        names |= {name for name in dir(multiprocessing.process.BaseProcess) if not name.startswith("_") and name != "authkey"}
        names |= {"signal." + name for name in dir(signal) if not name.startswith("_") and not name.startswith(("SIG", "ITIMER", "Itimer"))}
        names |= {"resource." + name for name in dir(resource) if not name.startswith("_") and name != "error"}
        names |= {"atexit." + name for name in ("register", "unregister")}
        names |= {"group", "target", "name", "args", "kwargs", "daemon", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK", "SIG_IGN", "SIG_DFL", "SIGRTMIN", "SIGRTMAX", "strsignal", "sys.exit", "SystemExit", "ChildProcessError"}
        for name in sorted(names):
            if not re.search(r"(?<!\w)" + re.escape(name) + r"(?!\w)", page):
                print(name)
        """;
}
