using Gptq.Quantization.Calibration;

namespace Gptq.Quantization.Tests.Calibration;

public sealed class CalibrationSamplerTests
{
    private static IReadOnlyList<int> Characters(string text) => [.. text.Select(character => (int)character)];

    [Fact]
    public void The_same_seed_draws_the_same_sequences()
    {
        var corpus = CalibrationCorpus.Shipped();
        var first = CalibrationSampler.Draw(corpus, Characters, [], 8, 100, 7);

        Assert.Equal(first, CalibrationSampler.Draw(corpus, Characters, [], 8, 100, 7));
        Assert.NotEqual(first, CalibrationSampler.Draw(corpus, Characters, [], 8, 100, 8));
        Assert.All(first, sequence => Assert.Equal(100, sequence.Length));
    }

    [Fact]
    public void Every_sequence_begins_with_the_prefix_and_goes_on_with_a_document()
    {
        var corpus = CalibrationCorpus.Of(["one line\nanother line\nand a third, longer line\n", "x"], "test");
        foreach (var sequence in CalibrationSampler.Draw(corpus, Characters, [2], 20, 12, 0))
        {
            Assert.Equal(2, sequence[0]);
            var text = string.Concat(sequence.Skip(1).Select(id => (char)id));
            Assert.Equal(11, text.Length);
            Assert.True((corpus.Documents[0] + "\n\n" + corpus.Documents[1] + "\n\n" + corpus.Documents[0]).Contains(text, StringComparison.Ordinal), text);
        }
    }

    [Fact]
    public void Short_documents_are_joined()
    {
        var corpus = CalibrationCorpus.Of([.. Enumerable.Range(0, 50).Select(i => $"text {i}")], "test");
        Assert.All(CalibrationSampler.Draw(corpus, Characters, [], 5, 60, 0), sequence => Assert.Equal(60, sequence.Length));
    }

    [Fact]
    public void Too_little_text_is_an_error() =>
        Assert.Equal(
            "GPTQ3004",
            Assert.Throws<GptqException>(() => CalibrationSampler.Draw(CalibrationCorpus.Of(["short"], "test"), Characters, [], 1, 60, 0)).Code);

    [Fact]
    public void Jsonl_gives_its_text_fields_and_names_a_line_without_one()
    {
        var directory = Directory.CreateTempSubdirectory().FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "a.jsonl"), "{\"text\": \"one\"}\n\n{\"text\": \"two\", \"id\": 3}\n");
            File.WriteAllText(Path.Combine(directory, "b.txt"), "three");
            File.WriteAllText(Path.Combine(directory, "c.md"), "not read");
            Assert.Equal(["one", "two", "three"], CalibrationCorpus.Read(directory).Documents);

            File.WriteAllText(Path.Combine(directory, "a.jsonl"), "{\"text\": \"one\"}\n{\"txt\": \"two\"}\n");
            var failure = Assert.Throws<GptqException>(() => CalibrationCorpus.Read(directory));
            Assert.Equal("GPTQ3002", failure.Code);
            Assert.Contains("Line 2", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory]
    [InlineData("nothing.txt", "GPTQ3001")]
    [InlineData("picture.png", "GPTQ3001")]
    [InlineData("", "GPTQ3003")]
    public void What_is_no_text_is_refused(string name, string code)
    {
        var directory = Directory.CreateTempSubdirectory().FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "picture.png"), "x");
            Assert.Equal(code, Assert.Throws<GptqException>(() => CalibrationCorpus.Read(Path.Combine(directory, name))).Code);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
