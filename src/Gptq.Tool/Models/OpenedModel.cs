using Gptq.Quantization.Bundles;
using Gptq.Quantization.Pipeline;
using Gptq.Runtime;

namespace Gptq.Tool.Models;

/// <summary>A model that runs: a bundle as it is, or a checkpoint through a float decoder in a temporary folder, which goes with it.</summary>
internal sealed class OpenedModel : IDisposable
{
    private readonly string? _temporary;

    private OpenedModel(QuantizedModel model, string? temporary)
    {
        Model = model;
        _temporary = temporary;
    }

    public QuantizedModel Model { get; }

    /// <exception cref="QuantizedModelException">GPTQ6010 to GPTQ6014: the bundle is damaged.</exception>
    /// <exception cref="Gptq.Quantization.GptqException">GPTQ21xx, 22xx, 23xx: the checkpoint can't be used.</exception>
    /// <exception cref="OperationCanceledException">Nothing is left behind.</exception>
    public static OpenedModel Open(ModelFolder folder, QuantizedModelOptions options, CancellationToken cancellation)
    {
        if (folder.IsBundle) return new OpenedModel(QuantizedModel.Open(folder.Directory, options), null);
        using var source = ModelSource.Open(folder.Directory);
        var temporary = Directory.CreateTempSubdirectory("gptq-").FullName;
        try
        {
            FloatBundle.Write(source, temporary, cancellation);
            return new OpenedModel(QuantizedModel.Open(temporary, options), temporary);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        if (_temporary is not null) Directory.Delete(_temporary, recursive: true);
    }
}
