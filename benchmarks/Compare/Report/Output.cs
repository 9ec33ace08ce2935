using System.Globalization;
using Spectre.Console;

namespace Compare;

/// <summary>The ways to print the figures.</summary>
internal static class Output
{
    private const int WidthOfFile = 180;

    internal static void Table(IReadOnlyList<Row> rows, string machine)
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = WidthOfFile;
        }

        Table table = new Table().Border(TableBorder.Simple).Caption(Markup.Escape(machine));
        foreach ((int index, string head) in Cells.Heads.Index())
        {
            bool goal = index == Cells.Heads.Length - 1;
            table.AddColumn(new TableColumn(head) { Alignment = index == 0 || goal ? Justify.Left : Justify.Right, NoWrap = !goal });
        }

        foreach (Row row in rows)
        {
            string[] cells = Cells.Of(row, rows, "\n");
            string color = cells[^1].Contains("missed", StringComparison.Ordinal) ? "red" : "green";
            table.AddRow([.. cells[..^1].Select(cell => new Text(cell)), new Text(cells[^1], Style.Parse(color))]);
        }

        console.Write(table);
    }

    internal static void Markdown(IReadOnlyList<Row> rows, string machine)
    {
        Console.WriteLine($"{machine}.");
        Console.WriteLine();
        Line(Cells.Heads);
        Line([.. Cells.Heads.Select((_, index) => index > 0 && index < Cells.Heads.Length - 1 ? "---:" : "---")]);
        foreach (Row row in rows)
        {
            string[] cells = Cells.Of(row, rows, "<br>");
            Line([$"`{cells[0]}`", .. cells[1..]]);
        }

        static void Line(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }

    /// <summary>This library's figures alone, for other programs: name, tab, value, tab, unit.</summary>
    internal static void TabSeparated(IReadOnlyList<Row> rows)
    {
        foreach (Row row in rows.Where(row => row.Ours is not null))
        {
            Console.WriteLine($"{row.Metric}\t{row.Ours!.Value.ToString("G4", CultureInfo.InvariantCulture)}\t{row.Unit.Symbol}");
        }
    }
}
