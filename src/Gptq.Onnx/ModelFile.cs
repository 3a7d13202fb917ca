using Google.Protobuf;
using Gptq.Onnx.Protocol;

namespace Gptq.Onnx;

/// <summary>Reads and writes .onnx files.</summary>
public static class ModelFile
{
    /// <summary>Writes a model to a file that must not exist.</summary>
    public static void Save(ModelProto model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        model.WriteTo(stream);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Reads a model's file; tensors kept beside it stay where they are.</summary>
    public static ModelProto Load(string path)
    {
        using var stream = File.OpenRead(path);
        return ModelProto.Parser.ParseFrom(stream);
    }
}
