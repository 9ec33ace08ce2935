using Multiprocessing;
using Multiprocessing.Posix;

namespace Tour.Programs;

/// <summary>The numbers that the kernel knows a process by: this one, its parent, and a child.</summary>
internal static class Ids
{
    internal static void Run()
    {
        using ChildProcess child = ChildProcess.Start(() => Thread.Sleep(Timeout.Infinite), daemon: true);

        ProcessInfo self = ProcessInfo.Current;
        Console.WriteLine($"{"",-8}{"pid",8}{"ppid",8}{"pgrp",8}{"sid",8}{"threads",9}   {"uid r/e/s",-12}{"gid r/e/s",-12}{"groups",-12}name");
        if (ProcessInfo.TryOf(self.ParentId, out ProcessInfo? parent))
        {
            Print("parent", parent);
        }

        Print("this", self);
        Print("child", ProcessInfo.Of(child.Pid!.Value));
    }

    private static void Print(string who, ProcessInfo info)
    {
        string groups = info.SupplementaryGroups.Count == 0 ? "-" : string.Join(',', info.SupplementaryGroups);
        Console.WriteLine(
            $"{who,-8}{info.Id,8}{info.ParentId,8}{info.ProcessGroupId,8}{info.SessionId,8}{info.ThreadCount,9}   {Text(info.UserIds),-12}{Text(info.GroupIds),-12}{groups,-12}{info.Name}");
    }

    private static string Text((uint Real, uint Effective, uint Saved) ids) => $"{ids.Real}/{ids.Effective}/{ids.Saved}";
}
