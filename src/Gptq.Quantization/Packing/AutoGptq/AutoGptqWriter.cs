using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.Safetensors;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>Writes a checkpoint in AutoGPTQ's layout, which transformers, vLLM and others load: linear by linear, in shards, with its configuration.</summary>
/// <remarks>Write into a folder that nobody reads yet: the names are final only after <see cref="Complete"/>.</remarks>
public sealed class AutoGptqWriter : IDisposable
{
    private const int CopyBytes = 16 << 20;

    private readonly string _directory;
    private readonly AutoGptqConfig _config;
    private readonly long _shardBytes;
    private readonly List<(string Path, IReadOnlyList<string> Names)> _finished = [];
    private SafetensorsWriter? _shard;
    private long _bytes;

    /// <summary>Starts a checkpoint.</summary>
    /// <param name="directory">An existing folder.</param>
    /// <param name="config">How it was quantized.</param>
    /// <param name="shardBytes">The size at which another shard is begun.</param>
    public AutoGptqWriter(string directory, AutoGptqConfig config, long shardBytes = 4L << 30)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(config);
        _directory = directory;
        _config = config;
        _shardBytes = shardBytes;
    }

    /// <summary>Adds a quantized linear.</summary>
    /// <param name="module">Its name, without ".weight".</param>
    /// <param name="linear">Its codes, scales and zero points; they are stored as they are.</param>
    /// <exception cref="GptqException">GPTQ5020: the layout cannot hold it exactly.</exception>
    public void Add(string module, QuantizedLinear linear)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(linear);
        var config = _config.For(module);
        if (config is null || linear.Bits != config.Bits || linear.GroupSize != config.ColumnsPerGroup(linear.InFeatures))
        {
            throw new ArgumentException($"The configuration describes '{module}' otherwise.", nameof(linear));
        }

        if (AutoGptqTensors.WhyNot(linear, _config.Version) is { } why)
        {
            throw Refusal(module, why);
        }

        var tensors = AutoGptqTensors.Pack(linear, _config.Version);
        var (k, n, bits) = (linear.InFeatures, linear.OutFeatures, (int)linear.Bits);
        Write(module + ".qweight", "I32", [(long)k * bits / 32, n], stream => stream.Write(MemoryMarshal.AsBytes<int>(tensors.QWeight)));
        Write(module + ".qzeros", "I32", [linear.Groups, (long)n * bits / 32], stream => stream.Write(MemoryMarshal.AsBytes<int>(tensors.QZeros)));
        Write(module + ".scales", "F16", [linear.Groups, n], stream => stream.Write(MemoryMarshal.AsBytes<Half>(tensors.Scales)));
        Write(module + ".g_idx", "I32", [k], stream => stream.Write(MemoryMarshal.AsBytes<int>(tensors.GroupIndex)));
    }

    /// <summary>A linear that the layout cannot hold.</summary>
    internal static GptqException Refusal(string module, string why) => new(
        "GPTQ5020", $"'{module}' cannot be written in the format gptq: {why}. Choose other options for it, or leave the format out of Formats.");

    /// <summary>Adds a tensor that is not quantized, as it is stored.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="name">Its name.</param>
    public void Copy(ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        var tensor = source.Tensors[name];
        var size = ElementType.Parse(tensor.DataType)!.Value.Size;
        Write(name, tensor.DataType, tensor.Shape, stream =>
        {
            var buffer = new byte[Math.Min(CopyBytes, tensor.ElementCount * size)];
            for (var done = 0L; done < tensor.ElementCount * size;)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, (tensor.ElementCount * size) - done));
                source.ReadRaw(name, done / size, part);
                stream.Write(part);
                done += part.Length;
            }
        });
    }

    /// <summary>Gives the shards their names and writes the configuration.</summary>
    /// <param name="source">The folder of the checkpoint that was quantized, whose config.json and tokenizer files are taken over.</param>
    /// <returns>The files written, by their plain names, in ordinal order.</returns>
    public IReadOnlyList<string> Complete(string source)
    {
        FinishShard();
        var written = NameShards();
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(source, "config.json")))!.AsObject();
        config[AutoGptqConfig.Section] = _config.ToJson();
        written.Add(WriteJson("config.json", config));
        written.Add(WriteJson(AutoGptqConfig.FileName, _config.ToJson()));
        foreach (var name in BundleFiles.Tokenizer.Where(name => File.Exists(Path.Combine(source, name))))
        {
            File.Copy(Path.Combine(source, name), Path.Combine(_directory, name), overwrite: true);
            written.Add(name);
        }

        written.Sort(StringComparer.Ordinal);
        return written;
    }

    /// <summary>Closes the shard that is being written.</summary>
    public void Dispose() => _shard?.Dispose();

    private void Write(string name, string type, IReadOnlyList<long> shape, Action<Stream> write)
    {
        var tensor = new TensorInfo(name, type, shape);
        if (_shard is not null && (_shard.Length >= _shardBytes || !_shard.HasRoomFor(tensor)))
        {
            FinishShard();
        }

        _shard ??= new SafetensorsWriter(Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"shard-{_finished.Count}.partial")));
        _shard.Add(tensor, write);
    }

    private void FinishShard()
    {
        if (_shard is not null)
        {
            _shard.Complete();
            _bytes += _shard.Length;
            _finished.Add((_shard.Path, [.. _shard.Names]));
            _shard.Dispose();
            _shard = null;
        }
    }

    private List<string> NameShards()
    {
        var written = new List<string>();
        var map = new JsonObject();
        for (var i = 0; i < _finished.Count; i++)
        {
            var name = _finished.Count == 1
                ? "model.safetensors"
                : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:00000}-of-{_finished.Count:00000}.safetensors");
            File.Move(_finished[i].Path, Path.Combine(_directory, name), overwrite: true);
            written.Add(name);
            foreach (var tensor in _finished[i].Names)
            {
                map[tensor] = name;
            }
        }

        if (_finished.Count > 1)
        {
            written.Add(WriteJson("model.safetensors.index.json", new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = _bytes }, ["weight_map"] = map }));
        }

        return written;
    }

    private string WriteJson(string name, JsonObject json)
    {
        BundleJson.Write(Path.Combine(_directory, name), json);
        return name;
    }
}
