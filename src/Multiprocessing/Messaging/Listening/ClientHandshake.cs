using System.Security.Cryptography;
using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The client's side of the <see cref="Handshake"/>.</summary>
/// <param name="socket">A connected socket.</param>
/// <param name="address">The listener's.</param>
/// <param name="key">The key; null: none is asked for, and none proved.</param>
/// <param name="ownKey">Whether the key is the application's, since none was given.</param>
internal sealed class ClientHandshake(SafeDescriptorHandle socket, ConnectionAddress address, byte[]? key, bool ownKey) : Handshake(socket, isStream: !address.IsLocal, key)
{
    // What a listener may ask for. It never gets the proof by another one, and both proofs cover the name.
    private static readonly HashAlgorithmName[] s_digests = [HashAlgorithmName.SHA256, HashAlgorithmName.SHA384, HashAlgorithmName.SHA512];

    private HashAlgorithmName _digest;

    private bool HasAnswered => _digest.Name is not null;

    internal override bool Advance()
    {
        try
        {
            return HasAnswered ? TakeVerdict() : TakeHello();
        }
        catch (InvalidDataException exception)
        {
            throw NoListener(exception.Message);
        }
    }

    private bool TakeHello()
    {
        if (!TryReceive(HelloLength, out ReadOnlySpan<byte> hello))
        {
            return false;
        }

        if (!hello.StartsWith(Magic))
        {
            throw NoListener("its first words are not those of this version.");
        }

        Span<byte> answer = stackalloc byte[AnswerLength];
        answer.Clear();
        switch ((Terms)hello[TermsAt])
        {
            case Terms.NoKey when Key is null:
                Send(answer);
                return true;
            case Terms.NoKey:
                throw new ConnectionAuthenticationException($"The listener at {address} has no key, so it cannot prove that it knows the one given; give it the same key, or connect without one.");
            case Terms.Key when Key is null:
                throw new ConnectionAuthenticationException($"The listener at {address} asks for a key; connect with the authKey that it was given.");
            case Terms.Key:
                break;
            case Terms.Refused:
                throw new ConnectionAuthenticationException($"The listener at {address} serves processes of its own user and group, and of root, only; this one is neither.");
            default:
                throw NoListener("its terms are unknown.");
        }

        HashAlgorithmName digest = DigestOf(hello);
        Transcribe(hello);
        Os.GetRandom(answer[..ChallengeLength]);
        Transcribe(answer[..ChallengeLength]);
        Prove(digest, ClientProves, answer[ChallengeLength..]);
        Transcribe(answer[ChallengeLength..]);
        Send(answer);
        _digest = digest;
        return TakeVerdict();
    }

    private bool TakeVerdict()
    {
        if (!TryReceive(VerdictLength, out ReadOnlySpan<byte> verdict))
        {
            return false;
        }

        if (verdict[0] != 1)
        {
            throw new ConnectionAuthenticationException($"The listener at {address} has another key{(ownKey ? " (none was given, so it was the application's own: ProcessIdentity.AuthKey)" : "")}.");
        }

        return IsProof(_digest, ListenerProves, verdict[1..])
            ? true
            : throw new ConnectionAuthenticationException($"The listener at {address} could not prove that it knows the key: it has another one, or somebody sits between.");
    }

    private HashAlgorithmName DigestOf(ReadOnlySpan<byte> hello)
    {
        string name = Encoding.ASCII.GetString(hello[DigestAt..ChallengeAt].TrimEnd((byte)0));
        return Array.Find(s_digests, digest => digest.Name == name) is { Name: not null } known
            ? known
            : throw new ConnectionAuthenticationException($"The listener at {address} asks for a digest that is not good enough or unknown here, where SHA-256 and longer ones are.");
    }

    private ConnectionAuthenticationException NoListener(string reason) => new($"At {address} is no ConnectionListener of this library: {reason}");
}
