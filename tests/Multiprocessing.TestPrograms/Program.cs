using Multiprocessing.Posix;
using Multiprocessing.TestPrograms;

if (args[0].StartsWith("fork", StringComparison.Ordinal) && args[0] != "fork-unprepared")
{
    Os.RestartForkable();
}

return args switch
{
    ["first", var how] => FirstProcess.Run(how),
    ["fork-end", var how] => ForkEnds.Run(how),
    ["fork-works"] => ForkWorks.Run(),
    ["fork-connection"] => ForkConnection.Run(),
    ["fork-queue"] => ForkQueue.Run(),
    ["fork-tcp-connection", var address] => ForkTcpConnection.Run(address),
    ["fork-nested"] => ForkNested.Run(),
    ["fork-unprepared"] => ForkRefusals.Unprepared(),
    ["fork-refused", var why] => ForkRefusals.Run(why),
    ["fork-restarted", ..] => ForkRestarted.Run(args),
    ["fork-hooks"] => ForkHooksRun.Run(),
    ["fork-signals"] => ForkSignals.Run(),
    ["fork-exit-handlers"] => ForkExitHandlers.Run(),
    ["fork-beside-child"] => ForkBesideChild.Run(),
    ["in-terminal", var how] => InTerminal.Run(how),
    ["leaving", var how] => Leaving.Run(how),
    ["sigchld-ignored"] => SigchldIgnored.Run(),
    ["switches"] => Switches.Run(),
    ["sigchld-on-top"] => SigchldOnTop.Run(),
    ["fork-inherits"] => ForkInherits.Run(),
    ["fork-shell"] => ForkShell.Run(),
    ["fork-inherited-handlers"] => ForkInheritedHandlers.Run(),
    ["fork-many", var count] => ForkMany.Run(int.Parse(count)),
    ["key"] => Key.Run(),
    ["user-child", var what] => UserChild.Run(what),
    _ => throw new ArgumentException($"There is no program '{string.Join(' ', args)}'."),
};
