using System.Security.Cryptography;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>The listener's side of the <see cref="Handshake"/>, of one client.</summary>
internal sealed class ListenerHandshake(SafeDescriptorHandle socket, bool isStream, byte[]? key) : Handshake(socket, isStream, key)
{
    // Named in each hello, so that a later version can take another one; a client of this version takes the longer ones, too.
    private static readonly HashAlgorithmName s_digest = HashAlgorithmName.SHA256;

    private bool _saidHello;

    /// <summary>Loads what proofs need on the thread that wants a listener, so that it learns if that is not there.</summary>
    internal static void Prepare(byte[] key) => IncrementalHash.CreateHMAC(s_digest, key).Dispose();

    /// <summary>Tells a client why it is sent away.</summary>
    internal void Refuse() => SayHello(Terms.Refused);

    internal override bool Advance()
    {
        if (!_saidHello)
        {
            SayHello(Key is null ? Terms.NoKey : Terms.Key);
            _saidHello = true;
        }

        if (!TryReceive(AnswerLength, out ReadOnlySpan<byte> answer))
        {
            return false;
        }

        if (Key is null)
        {
            return answer.ContainsAnyExcept((byte)0) ? throw new InvalidDataException("The client's answer is none.") : true;
        }

        Transcribe(answer[..ChallengeLength]);
        bool isProof = IsProof(s_digest, ClientProves, answer[ChallengeLength..]);
        Transcribe(answer[ChallengeLength..]);
        Span<byte> verdict = stackalloc byte[VerdictLength];
        verdict.Clear();
        if (isProof)
        {
            verdict[0] = 1;
            Prove(s_digest, ListenerProves, verdict[1..]);
        }

        Send(verdict);
        return isProof ? true : throw new ConnectionAuthenticationException("The client has another key.");
    }

    private void SayHello(Terms terms)
    {
        Span<byte> hello = stackalloc byte[HelloLength];
        WriteHello(hello, terms, s_digest);
        Send(hello);
        Transcribe(hello);
    }
}
