using System.Globalization;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>Which senders may name types that this process then makes: those that could do to it whatever they liked anyway.</summary>
internal static class SenderTrust
{
    private const uint Root = 0;

    private static readonly Lazy<(uint User, uint Group)> s_unmapped = new(() => (Overflow("uid"), Overflow("gid")));

    /// <param name="sender">Who sent a message, as the kernel says: the real IDs at that moment. Null: nobody knows.</param>
    /// <returns>
    /// True for root, and for a process of this one's own user and group, which might attach to it as a debugger: where this process has several, real, effective and saved, nobody else
    /// has them all (see ptrace(2), "Ptrace access mode checking").
    /// </returns>
    internal static bool Of(PeerCredentials? sender)
    {
        if (sender is not var (_, user, group))
        {
            return false;
        }

        return user == Root || (Os.GetResUid() == (user, user, user) && Os.GetResGid() == (group, group, group) && user != s_unmapped.Value.User && group != s_unmapped.Value.Group);
    }

    /// <summary>
    /// The ID that the kernel gives for all that have none in this user namespace: equal ones of those say nothing.
    /// In a namespace that has all IDs there is no such, and whoever has this number has it really.
    /// </summary>
    private static uint Overflow(string kind)
    {
        const uint None = uint.MaxValue; // (uid_t)-1, which nobody can have
        try
        {
            bool hasAll = File.ReadAllText($"/proc/self/{kind}_map").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"];
            return hasAll ? None : uint.Parse(File.ReadAllText($"/proc/sys/kernel/overflow{kind}"), CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 65534; // the kernel's default, where /proc cannot tell
        }
    }
}
