using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Compare;

/// <summary>Python's own spawn, one process at a time, on request.</summary>
internal sealed class PythonPeer : IDisposable
{
    private readonly Process _python;

    private PythonPeer(Process python) => _python = python;

    /// <returns>Null where there is no such Python.</returns>
    internal static PythonPeer? TryStart(string python)
    {
        try
        {
            string script = Path.Combine(AppContext.BaseDirectory, "peers/spawn.py");
            return new PythonPeer(Process.Start(new ProcessStartInfo(python, [script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    internal double StartAndJoin()
    {
        _python.StandardInput.WriteLine();
        string line = _python.StandardOutput.ReadLine() ?? throw new EndOfStreamException("Python ended.");
        return double.Parse(line, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _python.StandardInput.Close();
        _python.WaitForExit();
        _python.Dispose();
    }
}
