namespace WordCount;

/// <summary>Counts the words of files: runs of letters, whatever their case.</summary>
internal static class WordCounter
{
    /// <param name="files">The files' paths.</param>
    /// <param name="counted">Told of each file's bytes once it is counted.</param>
    internal static Dictionary<string, int> Count(string[] files, Action<long> counted)
    {
        Dictionary<string, int> words = new(StringComparer.Ordinal);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = words.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> word = stackalloc char[64];
        foreach (string file in files)
        {
            int length = 0;
            foreach (char c in File.ReadAllText(file))
            {
                if (char.IsLetter(c))
                {
                    if (length < word.Length) // the rest of a longer one does not count
                    {
                        word[length++] = char.ToLowerInvariant(c);
                    }
                }
                else if (length > 0)
                {
                    Add(lookup, word[..length]);
                    length = 0;
                }
            }

            if (length > 0)
            {
                Add(lookup, word[..length]);
            }

            counted(new FileInfo(file).Length);
        }

        return words;
    }

    internal static Dictionary<string, int> Merge(IEnumerable<Dictionary<string, int>> parts)
    {
        Dictionary<string, int> all = new(StringComparer.Ordinal);
        foreach ((string word, int count) in parts.SelectMany(p => p))
        {
            all[word] = all.GetValueOrDefault(word) + count;
        }

        return all;
    }

    private static void Add(Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> words, ReadOnlySpan<char> word)
    {
        words.TryGetValue(word, out int count);
        words[word] = count + 1;
    }
}
