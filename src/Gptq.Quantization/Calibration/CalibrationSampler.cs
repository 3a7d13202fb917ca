namespace Gptq.Quantization.Calibration;

/// <summary>
/// Draws token sequences of one length from a corpus, as the reference does (datautils.py): each starts at a random place of a random
/// document. Where a document ends early the next ones continue the sequence, so that short documents serve too.
/// </summary>
public static class CalibrationSampler
{
    private const string Separator = "\n\n";

    /// <summary>Draws sequences.</summary>
    /// <param name="corpus">Where from.</param>
    /// <param name="encode">Text to token ids, without special tokens.</param>
    /// <param name="prefix">Ids that every sequence starts with: the BOS where the model has one.</param>
    /// <param name="samples">Sequences wanted.</param>
    /// <param name="sequenceLength">Tokens in each, the prefix among them.</param>
    /// <param name="seed">The same seed draws the same sequences.</param>
    /// <returns>[samples][sequenceLength].</returns>
    /// <exception cref="GptqException">GPTQ3004: the whole corpus is shorter than one sequence.</exception>
    public static IReadOnlyList<int[]> Draw(
        CalibrationCorpus corpus, Func<string, IReadOnlyList<int>> encode, IReadOnlyList<int> prefix, int samples, int sequenceLength, int seed)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(encode);
        ArgumentNullException.ThrowIfNull(prefix);
        var random = new SplitMix64((ulong)seed);
        var sequences = new List<int[]>(samples);
        var body = sequenceLength - prefix.Count;
        while (sequences.Count < samples)
        {
            var document = (int)random.Next((ulong)corpus.Documents.Count);
            var text = corpus.Documents[document];
            var start = StartOfLine(text, (int)random.Next((ulong)text.Length), body);
            var ids = Take(corpus, encode, document, start, body);
            sequences.Add([.. prefix, .. ids]);
        }
        return sequences;
    }

    // Cutting a text in the middle of a word would make tokens that no text has, so a sequence starts where a line starts,
    // or where a word does in a text of long lines.
    private static int StartOfLine(string text, int position, int tokens)
    {
        var reach = Math.Min(text.Length, position + tokens);
        var line = text.IndexOf('\n', position, reach - position);
        if (line >= 0 && line + 1 < text.Length) return line + 1;
        var word = text.IndexOf(' ', position, reach - position);
        return word >= 0 && word + 1 < text.Length ? word + 1 : 0;
    }

    private static IEnumerable<int> Take(CalibrationCorpus corpus, Func<string, IReadOnlyList<int>> encode, int document, int start, int count)
    {
        // A token is a few characters; take generously, and more where that was not enough.
        for (var characters = 8L * count; ; characters *= 2)
        {
            var (text, whole) = TextFrom(corpus, document, start, characters);
            var ids = encode(text);
            if (ids.Count >= count) return ids.Take(count);
            if (whole)
                throw new GptqException("GPTQ3004", $"The calibration text ({corpus.Name}) has {ids.Count} tokens after its start, fewer than one sequence of {count}. Give more text or a smaller SequenceLength.", corpus.Files.Count == 1 ? corpus.Files[0] : null);
        }
    }

    // The text from a place on, through the following documents and around to where it started.
    private static (string Text, bool Whole) TextFrom(CalibrationCorpus corpus, int document, int start, long characters)
    {
        var text = new System.Text.StringBuilder();
        var count = corpus.Documents.Count;
        for (var i = 0; i <= count && text.Length < characters; i++)
        {
            var part = corpus.Documents[(document + i) % count].AsSpan();
            part = i == 0 ? part[start..] : i == count ? part[..start] : part;
            if (i > 0) text.Append(Separator);
            text.Append(part[..(int)Math.Min(part.Length, characters - Math.Min(characters, text.Length))]);
        }
        return (text.ToString(), text.Length < characters);
    }
}
