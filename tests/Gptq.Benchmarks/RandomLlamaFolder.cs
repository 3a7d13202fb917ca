using System.Globalization;
using Gptq.Quantization;
using Gptq.Runtime.Configuration;

namespace Gptq.Benchmarks;

/// <summary>A <see cref="RandomLlama"/> in a temporary folder.</summary>
internal sealed class RandomLlamaFolder : IDisposable
{
    /// <param name="name">Bits, or fp32.</param>
    /// <param name="layers">Blocks of the model.</param>
    public RandomLlamaFolder(string name, int layers)
    {
        var model = new RandomLlama(layers);
        (Name, Config) = (name, model.Config);
        model.Write(Path, name == "fp32" ? null : (BitWidth)int.Parse(name, CultureInfo.InvariantCulture));
        Bytes = Directory.EnumerateFiles(Path).Sum(file => new FileInfo(file).Length);
    }

    public string Name { get; }

    public GenaiConfig Config { get; }

    public string Path { get; } = Directory.CreateTempSubdirectory("gptq-llama").FullName;

    /// <summary>Bytes of the files.</summary>
    public long Bytes { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
