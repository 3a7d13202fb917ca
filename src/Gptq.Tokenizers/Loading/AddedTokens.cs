using Gptq.Tokenizers.Normalization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Gives added tokens their ids and, where they are looked for in normalized text, their normalized form.</summary>
internal static class AddedTokens
{
    /// <summary>Tokens without an id are looked up; what the vocabulary lacks gets the next free one.</summary>
    public static IReadOnlyList<AddedToken> Resolve(
        IEnumerable<(string Content, int? Id, AddedToken Flags)> tokens, Vocabulary vocabulary, INormalizer? normalizer)
    {
        var resolved = new List<AddedToken>();
        var next = vocabulary.Size;
        foreach (var (content, given, flags) in tokens)
        {
            if (content.Length == 0) continue;
            var id = given ?? (vocabulary.TryGetId(content, out var found) ? found : next);
            next = Math.Max(next, id + 1);
            resolved.Add(Normalized(flags with { Id = id, Content = content, Pattern = content }, normalizer));
        }

        return resolved;
    }

    public static AddedToken Normalized(AddedToken token, INormalizer? normalizer) =>
        token.Normalized && normalizer is not null ? token with { Pattern = normalizer.Normalize(token.Content, atStart: true) } : token;
}
