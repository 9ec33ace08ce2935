using System.Security.Cryptography;
using System.Text;
using Multiprocessing.Posix;

namespace Multiprocessing;

/// <summary>How a listener and its client prove to each other that they have the same key, without sending it.</summary>
/// <remarks>
/// <code>
/// listener -> client  hello:   "Multiprocessing1", terms (1 byte), the digest's name (15 bytes), challenge (32 random bytes)
/// client -> listener  answer:  challenge (32 random bytes), proof (64 bytes)
/// listener -> client  verdict: 1 = welcome, 0 = refused (1 byte), proof (64 bytes)
/// </code>
/// A proof is HMAC(digest(key), who proves + everything that was sent so far), zeros behind it; of the key's digest, since HMAC itself takes a key and the same key with a
/// zero behind it for one. So it holds for this pair of challenges only, in one direction only, and with the
/// digest and the terms that the client was told: what somebody between changes makes both proofs fail, and a proof cannot be sent back to the one that made it. The
/// client proves first; a listener that does not know the key is found out by its own proof. Without a key the answer is zeros, and there is no verdict.
/// Every message has one length, a packet of its own on a local socket, so that nobody reads into what comes behind.
/// Nobody who sits between two sides of TCP is kept from passing their messages on, and from reading and changing them: that takes encryption.
/// </remarks>
internal abstract class Handshake : IDisposable
{
    private protected const int ChallengeLength = 32;
    private protected const int ProofLength = 64;
    private protected const int TermsAt = 16;
    private protected const int DigestAt = 17;
    private protected const int ChallengeAt = 32;
    private protected const int HelloLength = ChallengeAt + ChallengeLength;
    private protected const int AnswerLength = ChallengeLength + ProofLength;
    private protected const int VerdictLength = 1 + ProofLength;

    private readonly SafeDescriptorHandle _socket;
    private readonly bool _isStream;
    private readonly byte[] _incoming = new byte[AnswerLength + 1]; // the longest that either side takes, and one byte to see that it is too long
    private readonly byte[] _transcript = new byte[HelloLength + AnswerLength];
    private int _received;
    private int _transcribed;

    private protected Handshake(SafeDescriptorHandle socket, bool isStream, byte[]? key)
    {
        _socket = socket;
        _isStream = isStream;
        Key = key;
    }

    private protected enum Terms : byte
    {
        /// <summary>Who may connect is not asked for more than its user.</summary>
        NoKey,
        Key,

        /// <summary>You run as another user: this is the end.</summary>
        Refused,
    }

    private protected static ReadOnlySpan<byte> Magic => "Multiprocessing1"u8;

    private protected static ReadOnlySpan<byte> ClientProves => "client"u8;

    private protected static ReadOnlySpan<byte> ListenerProves => "listener"u8;

    private protected byte[]? Key { get; }

    /// <summary>Goes on as far as it can without waiting.</summary>
    /// <returns>Whether it is done; if not, call again when the socket is readable.</returns>
    /// <exception cref="ConnectionAuthenticationException">The other side is not who it should be.</exception>
    /// <exception cref="EndOfStreamException">The other side is gone.</exception>
    /// <exception cref="PosixException">The connection is broken.</exception>
    internal abstract bool Advance();

    /// <summary>Nothing of the key stays with it.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(Key);

    private protected static ReadOnlySpan<byte> ChallengeOf(ReadOnlySpan<byte> hello) => hello.Slice(ChallengeAt, ChallengeLength);

    /// <summary>Takes in a message of the other side.</summary>
    /// <returns>False when it is not all there yet.</returns>
    /// <exception cref="InvalidDataException">It has another length.</exception>
    private protected bool TryReceive(int length, out ReadOnlySpan<byte> message)
    {
        message = default;
        while (_received < length)
        {
            // Of a stream not a byte too many, for what comes behind is the application's. Descriptors that come along are closed by the kernel, since nobody asks for them.
            if (!Os.TryReceive(_socket, _incoming.AsSpan(_received, length - _received + (_isStream ? 0 : 1)), out int count))
            {
                return false;
            }

            if (count == 0)
            {
                throw new EndOfStreamException("The other side closed the connection before the handshake was done.");
            }

            if (!_isStream && count != length)
            {
                throw new InvalidDataException($"A packet of {(count > length ? "more than " : "")}{count} bytes came where {length} were due.");
            }

            _received += count;
        }

        _received = 0;
        message = _incoming.AsSpan(0, length);
        return true;
    }

    /// <summary>Its few hundred bytes fit into the socket's buffer; a peer for whom they do not is none.</summary>
    private protected void Send(ReadOnlySpan<byte> message)
    {
        if (!Os.TrySend(_socket, message, out int count) || count != message.Length)
        {
            throw new EndOfStreamException("The other side takes nothing.");
        }
    }

    /// <summary>From now on it is part of what is proved.</summary>
    private protected void Transcribe(ReadOnlySpan<byte> message)
    {
        message.CopyTo(_transcript.AsSpan(_transcribed));
        _transcribed += message.Length;
    }

    private protected void Prove(HashAlgorithmName digest, ReadOnlySpan<byte> prover, Span<byte> proof)
    {
        proof.Clear();
        Span<byte> keyDigest = stackalloc byte[ProofLength];
        keyDigest = keyDigest[..CryptographicOperations.HashData(digest, Key!, keyDigest)];
        using IncrementalHash hash = IncrementalHash.CreateHMAC(digest, keyDigest);
        CryptographicOperations.ZeroMemory(keyDigest);
        hash.AppendData(prover);
        hash.AppendData(_transcript, 0, _transcribed);
        hash.GetHashAndReset(proof);
    }

    /// <summary>In a time that does not depend on where the two differ.</summary>
    private protected bool IsProof(HashAlgorithmName digest, ReadOnlySpan<byte> prover, ReadOnlySpan<byte> proof)
    {
        Span<byte> expected = stackalloc byte[ProofLength];
        Prove(digest, prover, expected);
        return CryptographicOperations.FixedTimeEquals(expected, proof);
    }

    private protected static void WriteHello(Span<byte> hello, Terms terms, HashAlgorithmName digest)
    {
        hello.Clear();
        Magic.CopyTo(hello);
        hello[TermsAt] = (byte)terms;
        Encoding.ASCII.GetBytes(digest.Name!, hello[DigestAt..ChallengeAt]);
        Os.GetRandom(hello[ChallengeAt..]);
    }
}
