namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>The places where a checkpoint is looked for, in their order.</summary>
public enum CheckpointOrigin
{
    /// <summary>A folder named relative to the project, or by its full path.</summary>
    Directory,

    /// <summary>A folder below one of GptqModelRoots.</summary>
    ModelRoot,

    /// <summary>The Hugging Face cache of this machine.</summary>
    Cache,

    /// <summary>The hub; it was downloaded into the cache just now.</summary>
    Hub,
}
