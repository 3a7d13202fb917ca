using Gptq.Tokenizers.Models;

namespace Gptq.Tokenizers.Tests;

public class BpeModelTests
{
    [Fact]
    public void A_token_may_reach_over_a_space_where_the_vocabulary_has_one() =>
        Assert.Equal([4], Tokenize(["▁", "a", "b", "a▁", "a▁b"], [(1, 0, 3), (3, 2, 4)], "a▁b"));

    [Fact]
    public void The_best_pair_goes_first_and_the_leftmost_of_equals() =>
        Assert.Equal([3, 3, 0, 4], Tokenize(["a", "b", "c", "aa", "bc"], [(1, 2, 4), (0, 0, 3)], "aaaaabc"));

    [Fact]
    public void Words_of_sentencepiece_are_the_same_tokens_alone_and_in_a_text()
    {
        string[] vocabulary = ["▁", "▁▁", "t", "h", "▁t", "▁th", "th"];
        (int, int, int)[] merges = [(0, 0, 1), (0, 2, 4), (4, 3, 5), (2, 3, 6)];
        Assert.Equal([6, 5, 1, 5, 0], Tokenize(vocabulary, merges, "th▁th▁▁▁th▁"));
    }

    private static List<int> Tokenize(string[] tokens, (int Left, int Right, int Result)[] pairs, string text)
    {
        var vocabulary = new Vocabulary();
        for (var id = 0; id < tokens.Length; id++) Assert.True(vocabulary.TryAdd(tokens[id], id));
        var merges = new MergeTable();
        for (var rank = 0; rank < pairs.Length; rank++) merges.Add(pairs[rank].Left, pairs[rank].Right, rank, pairs[rank].Result);
        var output = new List<int>();
        new BpeModel(vocabulary, merges).Tokenize([new Piece(text.AsMemory(), true)], output);
        return output;
    }
}
