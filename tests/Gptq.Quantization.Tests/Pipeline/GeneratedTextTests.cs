using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Tests.Architectures;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

/// <summary>What a trained model writes once it is quantized.</summary>
public sealed class GeneratedTextTests : PipelineTest
{
    // Behind these, two words may be as likely as each other.
    private const int Tokens = 40;

    private static readonly (string Prompt, string Part)[] s_stories =
    [
        ("Once upon a time", ", there was a little girl named Lily. She loved to play"),
        ("Tom had a big dog", "Max loved to play with his toys."),
        ("One day, a little boy", "Tim went to the park with his mom."),
        ("The sun was warm and", "The sun was shining"),
    ];

    [Fact]
    public async Task Stories_at_8_bits_are_the_float_models_word_for_word()
    {
        var folder = TestPaths.RequireShared("models", "stories260K");
        var options = new QuantizationOptions { Bits = BitWidth.Eight, CalibrationSamples = 16, SequenceLength = 256 };
        await RunAsync(Request() with { Options = options, Model = folder, Name = "stories" });

        using var source = ModelSource.Open(folder);
        using var exact = new DecoderSession(source.Architecture, new FloatEmitter(source.Architecture));
        using var quantized = DecoderSession.Open(source.Architecture, Output);
        foreach (var (prompt, part) in s_stories)
        {
            var ids = source.Tokenizer.Encode(prompt, addSpecialTokens: true);
            var expected = exact.Continue(ids, Tokens);
            var actual = quantized.Continue(ids, Tokens);
            var text = source.Tokenizer.Decode(actual);
            TestContext.Current.TestOutputHelper!.WriteLine(prompt + text);
            Assert.Equal(expected, actual);
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }
}
