namespace Gptq.Quantization.Pipeline;

/// <summary>How far a quantization is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Done">Steps of the phase that are finished.</param>
/// <param name="Total">Steps of the phase.</param>
/// <param name="Detail">What the current step works on.</param>
public readonly record struct PipelineProgress(PipelinePhase Phase, int Done, int Total, string Detail);

/// <summary>The parts of a quantization, in order.</summary>
public enum PipelinePhase
{
    /// <summary>The checkpoint is being fetched from the hub.</summary>
    Download,

    /// <summary>Files are read and hashed, calibration text is drawn.</summary>
    Prepare,

    /// <summary>The model writes its calibration text, or each layer's sensitivity is measured.</summary>
    Calibrate,

    /// <summary>Blocks are calibrated and solved, one step each.</summary>
    Quantize,

    /// <summary>The bundle is written.</summary>
    Write,

    /// <summary>The result is compared with the float model.</summary>
    Evaluate,
}
