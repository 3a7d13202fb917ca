using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Checkpoints;
using Gptq.Tests;

namespace Gptq.Runtime.Tests;

/// <summary>The sample checkpoint as an unquantized model folder: what the build writes, with float weights.</summary>
public sealed class BardModel : IDisposable
{
    public const string GenaiConfig = """
        {
          "model": {
            "type": "decoder", "vocab_size": 2048, "context_length": 512, "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1,
            "decoder": {
              "filename": "model.onnx", "head_size": 64, "hidden_size": 256, "num_attention_heads": 4, "num_hidden_layers": 5, "num_key_value_heads": 4,
              "inputs": {
                "input_ids": "input_ids", "attention_mask": "attention_mask",
                "past_key_names": "past_key_values.%d.key", "past_value_names": "past_key_values.%d.value"
              },
              "outputs": { "logits": "logits", "present_key_names": "present.%d.key", "present_value_names": "present.%d.value" }
            }
          },
          "search": { "do_sample": false, "max_length": 512 }
        }
        """;

    public BardModel()
    {
        Folder = Create();
        Model = QuantizedModel.Open(Folder, new QuantizedModelOptions { Threads = 1 });
    }

    public string Folder { get; }

    public QuantizedModel Model { get; }

    /// <summary>Writes a folder; the caller deletes it.</summary>
    public static string Create(bool portable = false, bool half = false)
    {
        var folder = Directory.CreateTempSubdirectory("gptq-bard-").FullName;
        using var checkpoint = Checkpoint.Open(TestPaths.BardOpt);
        var architecture = Architecture.Create(ModelConfig.Load(Path.Combine(TestPaths.BardOpt, "config.json")), checkpoint);
        var halves = half ? new HalfFloatEmitter(architecture) : null;
        DecoderGraph.Write(architecture, folder, halves, halves, portable, half);
        foreach (var name in new[] { "vocab.json", "merges.txt", "tokenizer_config.json" }) File.Copy(Path.Combine(TestPaths.BardOpt, name), Path.Combine(folder, name));
        File.WriteAllText(Path.Combine(folder, "genai_config.json"), GenaiConfig);
        return folder;
    }

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
