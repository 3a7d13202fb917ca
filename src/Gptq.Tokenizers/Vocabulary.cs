using System.Diagnostics.CodeAnalysis;

namespace Gptq.Tokenizers;

/// <summary>Tokens by id and ids by token.</summary>
internal sealed class Vocabulary
{
    /// <summary>More ids than any known model has: a larger one is damage, and would cost its size in memory.</summary>
    public const int MaximumSize = 1 << 22;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly List<string?> _tokens = [];

    public Vocabulary() => _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>One more than the largest id.</summary>
    public int Size => _tokens.Count;

    /// <summary>All tokens that encoding finds.</summary>
    public IEnumerable<string> Tokens => _ids.Keys;

    /// <summary>Gives a token its id; false when the id is out of range. Where two tokens claim one id, the later one is what the id decodes to.</summary>
    public bool TryAdd(string token, int id)
    {
        if ((uint)id >= MaximumSize) return false;
        while (_tokens.Count <= id) _tokens.Add(null);
        _tokens[id] = token;
        _ids[token] = id;
        return true;
    }

    public bool TryGetId(ReadOnlySpan<char> token, out int id) => _bySpan.TryGetValue(token, out id);

    public bool TryGetToken(int id, [NotNullWhen(true)] out string? token)
    {
        token = (uint)id < (uint)_tokens.Count ? _tokens[id] : null;
        return token is not null;
    }

    /// <summary>The ids of &lt;0x00&gt; to &lt;0xFF&gt;, with which any text can be written; -1 where one is missing.</summary>
    public int[] ByteTokens()
    {
        var ids = new int[256];
        for (var value = 0; value < 256; value++)
            ids[value] = TryGetId($"<0x{value:X2}>", out var id) ? id : -1;
        return ids;
    }
}
