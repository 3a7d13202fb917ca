using System.Text;
using Gptq.Tokenizers.Normalization;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Tests;

/// <summary>tokenizer.model files written here, field by field.</summary>
public class SentencePieceTests
{
    private const int Unigram = 1, Bpe = 2;

    [Fact]
    public void Bpe_merges_the_piece_of_the_highest_score_first()
    {
        using var folder = new TemporaryFolder().Write("tokenizer.model", SmallModel(Bpe));
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(["<s>", "▁the", "<0xC3>", "<0xA9>", "▁", "a"], tokenizer.Encode("theé a").Select(tokenizer.TokenOf));
        Assert.Equal(1, tokenizer.BosId);
        Assert.Equal([2], tokenizer.EosIds);
        Assert.Equal("theé a", tokenizer.Decode(tokenizer.Encode("theé a"), skipSpecialTokens: true));
    }

    [Fact]
    public void Control_pieces_are_found_in_text_only_where_it_is_trusted()
    {
        using var folder = new TemporaryFolder().Write("tokenizer.model", SmallModel(Bpe));
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Contains(2, tokenizer.Encode("a</s>"));
        Assert.DoesNotContain(2, tokenizer.Encode("a</s>", findSpecialTokens: false));
        Assert.Equal("<user>", tokenizer.TokenOf(tokenizer.Encode("a<user>a", addSpecialTokens: false, findSpecialTokens: false)[2]));
    }

    [Fact]
    public void Unigram_takes_the_likeliest_path()
    {
        using var folder = new TemporaryFolder().Write("tokenizer.model", SmallModel(Unigram));
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(["▁the", "▁", "a", "a"], tokenizer.Encode("the aa", addSpecialTokens: false).Select(tokenizer.TokenOf));
    }

    [Fact]
    public void Only_the_first_stretch_gets_a_space_where_legacy_is_off()
    {
        using var folder = new TemporaryFolder().Write("tokenizer.model", SmallModel(Bpe));
        Assert.Equal(["<s>", "▁", "a", "</s>", "▁", "a"], Pieces(Tokenizer.Load(folder.Path)));
        folder.Write("tokenizer_config.json", """{ "legacy": false }""");
        Assert.Equal(["<s>", "▁", "a", "</s>", "a"], Pieces(Tokenizer.Load(folder.Path)));

        static IEnumerable<string?> Pieces(Tokenizer tokenizer) => tokenizer.Encode("a</s>a").Select(tokenizer.TokenOf);
    }

    [Fact]
    public void The_table_of_replacements_is_walked_to_the_longest_match()
    {
        var map = new CharsMap(Table(("①", "1"), ("①②", "twelve"), ("ﬁ", "fi"), ("\u200b", "")));
        var normalizer = new SentencePieceNormalizer(map, removeExtraSpaces: true, PrependScheme.Always, escapeSpaces: true);
        Assert.Equal("▁1▁twelve▁fine", normalizer.Normalize("  ①  ①② ﬁ\u200bne ", atStart: true));
        Assert.Equal("", normalizer.Normalize("  ", atStart: true));
        Assert.Equal("1 fi②", new PrecompiledNormalizer(map).Normalize("① ﬁ②", atStart: true));
    }

    /// <summary>A model of a few pieces; type 1 is Unigram, 2 BPE.</summary>
    internal static byte[] SmallModel(int modelType)
    {
        var model = new MemoryStream();
        void Piece(string text, float score, int kind) => Bytes(model, 1, [.. Field(1, Encoding.UTF8.GetBytes(text)), 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)kind]);
        Piece("<unk>", 0, 2);
        Piece("<s>", 0, 3);
        Piece("</s>", 0, 3);
        Piece("<user>", 0, 4);
        for (var value = 0; value < 256; value++) Piece($"<0x{value:X2}>", 0, 6);
        string[] pieces = ["▁the", "▁th", "he", "th", "▁t", "▁", "t", "h", "e", "a"];
        for (var i = 0; i < pieces.Length; i++) Piece(pieces[i], -i - 1, 1);
        Bytes(model, 2, [0x18, (byte)modelType, 0x98, 0x02, 1]);
        Bytes(model, 3, [0x20, 0]);
        return model.ToArray();
    }

    private static void Bytes(MemoryStream stream, int field, byte[] content) => stream.Write(Field(field, content));

    private static byte[] Field(int field, byte[] content) => [(byte)((field << 3) | 2), (byte)content.Length, .. content];

    /// <summary>A double array in which each node has 256 units of its own.</summary>
    private static byte[] Table(params (string From, string To)[] rules)
    {
        var root = new Node();
        var blob = new MemoryStream();
        foreach (var (from, to) in rules)
        {
            var node = root;
            foreach (var value in Encoding.UTF8.GetBytes(from)) node = node.Children.TryGetValue(value, out var child) ? child : node.Children[value] = new Node();
            node.Value = (int)blob.Position;
            blob.Write([.. Encoding.UTF8.GetBytes(to), 0]);
        }

        var units = new uint[256 * (1 + Count(root))];
        var blocks = 1;
        units[0] = Unit(0, root, Place(root));
        byte[] trie = [.. units.SelectMany(BitConverter.GetBytes)];
        return [.. BitConverter.GetBytes((uint)trie.Length), .. trie, .. blob.ToArray()];

        int Place(Node node)
        {
            var block = blocks++ * 256;
            if (node.Value is { } value) units[block] = 0x80000000 | (uint)value;
            foreach (var (label, child) in node.Children) units[block + label] = label | Unit(block + label, child, Place(child));
            return block;
        }

        static uint Unit(int position, Node node, int children) => ((uint)(position ^ children) << 10) | (node.Value is null ? 0 : 0x100u);
        static int Count(Node node) => 1 + node.Children.Values.Sum(Count);
    }

    private sealed class Node
    {
        public Dictionary<byte, Node> Children { get; } = [];

        public int? Value { get; set; }
    }
}
