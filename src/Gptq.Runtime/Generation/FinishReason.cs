namespace Gptq.Runtime.Generation;

/// <summary>Why a text ended.</summary>
internal enum FinishReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The model ended it, or a stop string came.</summary>
    Stop,

    /// <summary>It is as long as asked for, or as the model's context allows.</summary>
    Length,
}
