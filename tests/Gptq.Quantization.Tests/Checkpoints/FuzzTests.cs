using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.PyTorch;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Gptq.Tests;
using Architecture = Gptq.Quantization.Architectures.Architecture;

namespace Gptq.Quantization.Tests.Checkpoints;

/// <summary>10,000 damaged files: each is read or refused with a code, in bounded memory and time.</summary>
public sealed class FuzzTests : IDisposable
{
    private const long MaxBytes = 64 << 20;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Safetensors()
    {
        var words = Words("\"F32\"", "\"F16\"", "\"BF16\"", "\"I64\"", "\"F8_E4M3\"", "[0,8]", "[8,16]", "[9223372036854775807]", "[4294967296,4294967296]", "{", "}", "[", "-1", "1e9");
        Run(3000, new Mutator(1, [Sample], words), "x.safetensors", path => ReadAll(SafetensorsFile.Open(path)));
    }

    [Fact]
    public void PyTorchZip()
    {
        var data = Floats(1, 2, 3, 4, 5, 6);
        var typed = PickleBytes.Protocol(4).Op(0x95, 0, 0, 0, 0, 0, 0, 0, 0).Op("}(").Text("a").Tensor("HalfStorage", "0", 12, 1, [2, 3], [1, 2])
            .Text("inner").Op("}q\u0001").Text("b").Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1]).Op("su").Stop();
        Run(2500, new Mutator(2, [TorchBytes.Zip(PickleBytes.OneTensor(), ("0", Floats(1, 2))), TorchBytes.Zip(typed, ("0", data))], PickleWords), "x.bin", path => ReadAll(PyTorchFile.Open(path)));
    }

    [Fact]
    public void PyTorchLegacy()
        => Run(2500, new Mutator(3, [TorchBytes.Legacy(PickleBytes.OneTensor(), ("0", 2, Floats(1, 2)))], PickleWords), "x.pt", path => ReadAll(PyTorchFile.Open(path)));

    [Fact]
    public void Indexes()
    {
        _folder.Write("model.safetensors", Sample);
        var index = """{"metadata":{"total_size":16},"weight_map":{"w":"model.safetensors","v":"model.safetensors"}}"""u8.ToArray();
        var words = Words("\"../x\"", "\"/etc/passwd\"", "\"w\"", "null", "{", "}", "\\u0000", "\\ud800", "model.safetensors");
        Run(1000, new Mutator(4, [index], words), "model.safetensors.index.json", path => ReadAll(Checkpoint.Open(path)));
    }

    [Fact]
    public void Configurations()
    {
        using var checkpoint = Checkpoint.Open(TestPaths.BardOpt);
        var words = Words(
            "\"llama\"", "\"bloom\"", "\"gpt2\"", "\"gpt_neox\"", "\"phi3\"", "\"gemma2\"", "\"qwen2\"", "null", "true", "[]", "{}", "-1", "0", "1e999", "2147483648", "9223372036854775808", "\\ud800");
        byte[][] originals =
        [
            File.ReadAllBytes(Path.Combine(TestPaths.BardOpt, "config.json")),
            """
            {"model_type":"llama","hidden_size":64,"num_attention_heads":4,"num_key_value_heads":2,"num_hidden_layers":2,"intermediate_size":128,"vocab_size":256,
            "max_position_embeddings":64,"rms_norm_eps":1e-5,"rope_theta":10000.0,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
            "high_freq_factor":4.0,"original_max_position_embeddings":32},"bos_token_id":1,"eos_token_id":[2,3],"tie_word_embeddings":true}
            """u8.ToArray(),
        ];
        Run(1000, new Mutator(5, originals, words), "config.json", path => Architecture.Create(ModelConfig.Load(path), checkpoint));

        var quantized = """{"quantization_config":{"quant_method":"gptq","bits":4,"group_size":128,"desc_act":false,"sym":true,"checkpoint_format":"gptq"}}"""u8.ToArray();
        Run(500, new Mutator(6, [quantized], words), "config.json", _ => AutoGptqConfig.Load(_folder.Path));
    }

    private static byte[] Sample => SafetensorsBytes.Of(("w", "F32", [2], Floats(1, 2)), ("v", "F16", [2, 2], Floats(3, 4)));

    private static byte[][] PickleWords => Words(
        "}", "(", ")", "u", "R", "Q", "0", "2", "h\0", "q\0", "\x94", "\x93", "\x81", "N.", "cos\nsystem\n", "ctorch\nFloatStorage\n", "ccollections\nOrderedDict\n",
        "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\0", "\x86", "\x87", "t", "X\xff\xff\xff\x7f", "PK\x01\x02", "PK\x03\x04", "PK\x05\x06");

    private static byte[][] Words(params string[] words) => [.. words.Select(Encoding.Latin1.GetBytes)];

    private static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>Reads every tensor that a small file could really hold, or that claims to repeat a few elements.</summary>
    private static void ReadAll<T>(T source)
        where T : ITensorSource, IDisposable
    {
        using (source)
        {
            foreach (var tensor in source.Tensors.Values.Where(tensor => tensor.ElementCount <= 1 << 20))
            {
                source.ReadRaw(tensor.Name, 0, []);
                source.ReadFloats(tensor.Name);
            }
        }
    }

    private void Run(int count, Mutator mutator, string name, Action<string> read)
    {
        var accepted = 0;
        for (var i = 0; i < count; i++)
        {
            var bytes = mutator.Next();
            var path = _folder.Write(name, bytes);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                read(path);
                accepted++;
            }
            catch (GptqException e)
            {
                Assert.Matches("^GPTQ2[0-9]{3}$", e.Code);
            }
            catch (Exception e)
            {
                Assert.Fail($"File {i} ({Convert.ToBase64String(bytes)}): {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, MaxBytes);
            Assert.True(clock.Elapsed < MaxTime, $"File {i} took {clock.Elapsed}: {Convert.ToBase64String(bytes)}");
        }

        // The damage must not be so coarse that nothing but the first check is ever reached.
        Assert.InRange(accepted, count / 100, count - 1);
    }
}
