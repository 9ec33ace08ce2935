using System.Text;
using CsCheck;
using Multiprocessing.Tests;

namespace Multiprocessing.Posix.Tests;

/// <summary>Native code, .NET and the library at once, against a model of what each of them is to see.</summary>
public sealed class EnvironmentModelTests
{
    private static readonly byte[][] s_names = ["MODEL_A"u8.ToArray(), "MODEL_B"u8.ToArray(), "MODEL_ü"u8.ToArray(), [(byte)'M', 0xFC]];
    private static readonly byte[][] s_values = [[], "a"u8.ToArray(), "b"u8.ToArray(), "ü"u8.ToArray(), "\uFFFD"u8.ToArray(), [0xFC], [0xFD]];

    private enum Actor
    {
        Native,
        Managed,
        Library,
        LibraryInBytes,
        Look,
    }

    [Fact]
    [TimeLimit(120)]
    public void Every_sequence_of_changes_from_three_sides_is_as_the_model_says()
    {
        Gen<(Actor Actor, byte[] Name, byte[]? Value)[]> steps =
            Gen.Select(Gen.Enum<Actor>(), Gen.Int[0, s_names.Length - 1].Select(i => s_names[i]), Gen.Int[-1, s_values.Length - 1].Select(i => i < 0 ? null : s_values[i])).Array[1, 30];
        steps.Sample(
            sequence =>
            {
                Model model = new();
                try
                {
                    foreach ((Actor actor, byte[] name, byte[]? value) in sequence)
                    {
                        Do(actor, name, value, model);
                        model.AssertHolds();
                    }
                }
                finally
                {
                    foreach (byte[] name in s_names)
                    {
                        Os.EnvironBytes.Remove(name);
                    }
                }
            },
            iter: 2_000,
            threads: 1);
    }

    private static void Do(Actor actor, byte[] name, byte[]? value, Model model)
    {
        string text = SurrogateEscape.Decode(name);
        string? valueText = value is null ? null : SurrogateEscape.Decode(value);
        bool isText = Encoding.UTF8.GetString(name) == text;
        switch (actor)
        {
            case Actor.Native:
                NativeVariable.Set(name, value);
                model.Native[text] = valueText;
                break;
            case Actor.Managed when isText:
                string? lossy = value is null ? null : Encoding.UTF8.GetString(value);
                Environment.SetEnvironmentVariable(text, lossy);
                model.Managed[text] = lossy;
                break;
            case Actor.Library or Actor.LibraryInBytes:
                model.Merge();
                model.Native[text] = valueText;
                model.Merge();
                if (value is null)
                {
                    _ = actor == Actor.Library ? Os.Environ.Remove(text) : Os.EnvironBytes.Remove(name);
                }
                else if (actor == Actor.Library)
                {
                    Os.PutEnv(text, valueText!);
                }
                else
                {
                    Os.EnvironBytes[name] = value;
                }

                break;
            default:
                model.Merge();
                Assert.Equal(model.Native.GetValueOrDefault(text), Os.GetEnv(text));
                break;
        }
    }

    private sealed class Model
    {
        private readonly Dictionary<string, (string? Native, string? Managed)> _seen = [];

        internal Dictionary<string, string?> Native { get; } = [];

        internal Dictionary<string, string?> Managed { get; } = [];

        internal void Merge()
        {
            foreach (byte[] bytes in s_names)
            {
                string name = SurrogateEscape.Decode(bytes);
                bool isText = Encoding.UTF8.GetString(bytes) == name;
                (string? seenNative, string? seenManaged) = _seen.GetValueOrDefault(name);
                string? native = Native.GetValueOrDefault(name);
                if (native != seenNative)
                {
                    Managed[name] = native is null || !isText ? null : Encoding.UTF8.GetString(SurrogateEscape.Encode(native));
                }
                else if (Managed.GetValueOrDefault(name) != seenManaged)
                {
                    Native[name] = Managed.GetValueOrDefault(name);
                }

                _seen[name] = (Native.GetValueOrDefault(name), Managed.GetValueOrDefault(name));
            }
        }

        internal void AssertHolds()
        {
            foreach (byte[] bytes in s_names)
            {
                string name = SurrogateEscape.Decode(bytes);
                Assert.Equal(Native.GetValueOrDefault(name), NativeVariable.GetBytes(bytes) is { } value ? SurrogateEscape.Decode(value) : null);
                if (Encoding.UTF8.GetString(bytes) == name)
                {
                    Assert.Equal(Managed.GetValueOrDefault(name), Environment.GetEnvironmentVariable(name));
                }
            }
        }
    }
}
