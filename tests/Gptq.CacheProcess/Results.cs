using System.Text;
using Gptq.Quantization.Caching;

namespace Gptq.CacheProcess;

/// <summary>Results whose every byte the test can predict.</summary>
public static class Results
{
    /// <summary>The files of a result.</summary>
    public static IReadOnlyList<string> FileNames { get; } = ["quantization.json", "model.onnx", "model.onnx.data", "tokenizer/vocab.json"];

    /// <summary>What only the next block needs.</summary>
    public const string Carried = "activations";

    /// <summary>The blobs of a block.</summary>
    public static IReadOnlyList<string> BlobNames { get; } = ["q_proj/codes", "q_proj/scales", Carried];

    /// <summary>The key of a result.</summary>
    public static CacheKey Key(string content) => new CacheKeyBuilder(1).AddText("content", content).Build();

    /// <summary>256 KiB that differ for each label.</summary>
    public static byte[] Bytes(string label)
    {
        var seed = 17;
        foreach (var value in Encoding.UTF8.GetBytes(label))
            seed = (seed * 31) + value;
        var bytes = new byte[256 << 10];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Writes a result's files.</summary>
    public static void Write(string folder, string content)
    {
        foreach (var name in FileNames)
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Bytes($"{content}/{name}"));
        }
    }

    /// <summary>Whether a folder holds a result, all of it and nothing else.</summary>
    public static bool IsWhole(string folder, string content) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length == FileNames.Count
        && FileNames.All(name => File.Exists(Path.Combine(folder, name))
            && File.ReadAllBytes(Path.Combine(folder, name)).AsSpan().SequenceEqual(Bytes($"{content}/{name}")));
}
