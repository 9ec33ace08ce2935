using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Multiprocessing.Posix.Tests;

public sealed class StructureTests
{
    [Fact]
    public void Structures_have_the_sizes_and_offsets_of_the_C_headers()
    {
        string[] lines = CProgram.Run("""
            #include <stdio.h>
            #include <stddef.h>
            #include <signal.h>
            #include <poll.h>
            #include <spawn.h>
            #include <sys/epoll.h>
            #include <sys/resource.h>
            #include <sys/time.h>
            int main(void) {
              printf("timeval %zu\n", sizeof(struct timeval));
              printf("rusage %d\n", sizeof(struct rusage) <= 272);
              printf("maxrss %zu\n", offsetof(struct rusage, ru_maxrss));
              printf("nivcsw %zu\n", offsetof(struct rusage, ru_nivcsw));
              printf("siginfo %zu %zu %zu %zu %zu\n", sizeof(siginfo_t), offsetof(siginfo_t, si_code), offsetof(siginfo_t, si_pid), offsetof(siginfo_t, si_uid), offsetof(siginfo_t, si_status));
              printf("sigset %zu\n", sizeof(sigset_t));
              printf("pollfd %zu %zu %zu\n", sizeof(struct pollfd), offsetof(struct pollfd, events), offsetof(struct pollfd, revents));
              printf("epoll %zu %zu\n", sizeof(struct epoll_event), offsetof(struct epoll_event, data));
              printf("spawn %d %d\n", sizeof(posix_spawn_file_actions_t) <= 512, sizeof(posix_spawnattr_t) <= 1024);
            }
            """);
        int epollOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
        string[] ours =
        [
            $"timeval {Unsafe.SizeOf<TimeVal>()}",
            "rusage 1",
            $"maxrss {Marshal.OffsetOf<RUsage>(nameof(RUsage.MaxResidentKibibytes))}",
            $"nivcsw {Marshal.OffsetOf<RUsage>(nameof(RUsage.InvoluntarySwitches))}",
            $"siginfo {Unsafe.SizeOf<SignalInfo>()} {Marshal.OffsetOf<SignalInfo>(nameof(SignalInfo.Code))} {Marshal.OffsetOf<SignalInfo>(nameof(SignalInfo.Pid))} {Marshal.OffsetOf<SignalInfo>(nameof(SignalInfo.Uid))} {Marshal.OffsetOf<SignalInfo>(nameof(SignalInfo.Status))}",
            $"sigset {Unsafe.SizeOf<SignalSet>()}",
            $"pollfd {Unsafe.SizeOf<PollDescriptor>()} 4 6",
            $"epoll {epollOffset + 8} {epollOffset}",
            "spawn 1 1",
        ];
        Assert.Equal(272, Unsafe.SizeOf<RUsage>());
        Assert.Equal(lines, ours);
    }
}
