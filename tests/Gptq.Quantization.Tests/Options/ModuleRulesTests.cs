using Gptq.Quantization.Options;

namespace Gptq.Quantization.Tests.Options;

public sealed class ModuleRulesTests
{
    [Fact]
    public void First_match_wins()
    {
        var rules = ModuleRules.Parse("lm_head=8; model.decoder.layers.0.*=8;*.fc2=3g64;embed_tokens=skip;*=ternaryg-1");

        Assert.Equal(BitWidth.Eight, rules.For("lm_head")!.Bits);
        Assert.Equal(BitWidth.Eight, rules.For("model.decoder.layers.0.fc2")!.Bits);
        Assert.Equal((BitWidth.Three, 64), (rules.For("model.decoder.layers.1.fc2")!.Bits!.Value, rules.For("model.decoder.layers.1.fc2")!.GroupSize!.Value));
        Assert.True(rules.For("model.decoder.embed_tokens")!.Skip);
        Assert.Equal((BitWidth.Ternary, -1), (rules.For("model.decoder.layers.1.fc1")!.Bits!.Value, rules.For("model.decoder.layers.1.fc1")!.GroupSize!.Value));
    }

    [Theory]
    [InlineData("fc2", "model.layers.3.fc2", true)]
    [InlineData("layers.3.fc2", "model.layers.3.fc2", true)]
    [InlineData("c2", "model.layers.3.fc2", false)]
    [InlineData("model.layers.3", "model.layers.3.fc2", false)]
    [InlineData("*.layers.1*", "model.layers.13.fc2", true)]
    public void A_pattern_matches_from_a_dot_to_the_end(string pattern, string module, bool matches) =>
        Assert.Equal(matches, new ModuleRule(pattern, true, null, null).Matches(module));

    [Theory]
    [InlineData("lm_head")]
    [InlineData("=8")]
    [InlineData("lm_head=5")]
    [InlineData("lm_head=4g100")]
    [InlineData("lm_head=4g")]
    [InlineData("lm_head=skipped")]
    public void Malformed_entries_are_refused(string text) =>
        Assert.Equal("GPTQ1106", Assert.Throws<GptqException>(() => ModuleRules.Parse(text)).Code);

    [Fact]
    public void Text_survives_the_way_there_and_back()
    {
        const string Text = "lm_head=8;*.fc2=3g64;embed_tokens=skip;*=ternaryg-1";
        Assert.Equal(Text, ModuleRules.Parse(Text).ToString());
    }
}
