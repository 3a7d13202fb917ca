namespace Gptq.Runtime.Tests;

public sealed class DamagedModelTests : IDisposable
{
    private readonly string _folder = BardModel.Create();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_without_a_model() => Fails("GPTQ6010", "genai_config.json", () => File.Delete(In("genai_config.json")));

    [Fact]
    public void A_folder_that_is_not_there() => Assert.Equal("GPTQ6010", Assert.Throws<QuantizedModelException>(() => QuantizedModel.Open(In("nowhere"))).Code);

    [Fact]
    public void A_missing_graph() => Fails("GPTQ6010", "model.onnx", () => File.Delete(In("model.onnx")));

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"model":{"decoder":[]}}""")]
    public void A_damaged_configuration(string json) => Fails("GPTQ6011", "genai_config.json", () => File.WriteAllText(In("genai_config.json"), json));

    [Theory]
    [InlineData("\"context_length\": 512", "\"context_length\": -1")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": \"five\"")]
    [InlineData("\"model.onnx\"", "\"../model.onnx\"")]
    [InlineData("\"model.onnx\"", "\"/etc/passwd\"")]
    public void A_configuration_with_wrong_values(string from, string to) => Fails("GPTQ6011", "genai_config.json", () => Configure(from, to));

    [Fact]
    public void A_missing_tokenizer() => Fails("GPTQ6012", "tokenizer", () => File.Delete(In("vocab.json")));

    [Fact]
    public void A_damaged_tokenizer() => Fails("GPTQ6012", "vocab.json", () => File.WriteAllText(In("vocab.json"), "{"));

    [Fact]
    public void A_damaged_graph() => Fails("GPTQ6013", "model.onnx", () => File.WriteAllBytes(In("model.onnx"), [1, 2, 3]));

    [Fact]
    public void Missing_weights() => Fails("GPTQ6013", "model.onnx", () => File.Delete(In("model.onnx.data")));

    [Theory]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 6", "past_key_values.5.key")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 4", "past_key_values.4.key")]
    [InlineData("\"logits\": \"logits\"", "\"logits\": \"scores\"", "scores")]
    public void A_graph_of_another_model(string from, string to, string named) => Fails("GPTQ6014", named, () => Configure(from, to));

    private string In(string name) => Path.Combine(_folder, name);

    private void Configure(string from, string to)
    {
        Assert.Contains(from, BardModel.GenaiConfig, StringComparison.Ordinal);
        File.WriteAllText(In("genai_config.json"), BardModel.GenaiConfig.Replace(from, to, StringComparison.Ordinal));
    }

    private void Fails(string code, string named, Action damage)
    {
        damage();
        var exception = Assert.Throws<QuantizedModelException>(() => QuantizedModel.Open(_folder));
        Assert.Equal(code, exception.Code);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder, exception.File!, StringComparison.Ordinal);
    }
}
