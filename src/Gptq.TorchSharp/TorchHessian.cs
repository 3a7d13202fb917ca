using Gptq.Quantization.Solver;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>A Hessian's way onto the device and back.</summary>
internal static class TorchHessian
{
    /// <summary>The whole symmetric matrix, [in, in].</summary>
    public static Tensor Upload(HessianAccumulator hessian, ScalarType type, Device device)
    {
        var size = hessian.InFeatures;
        var matrix = HostTensors.Upload(size, size, type, device, (row, destination) =>
        {
            hessian.Sum((int)row, (int)row + 1).CopyTo(destination);
            destination[((int)row + 1)..].Clear();
        });
        using var scope = NewDisposeScope();
        matrix.add_(matrix.tril(-1).transpose(0, 1));
        return matrix;
    }

    /// <summary>GPTAQ's ΔX·Xᵀ, [in, in].</summary>
    public static Tensor UploadCross(HessianAccumulator hessian, ScalarType type, Device device) => HostTensors.Upload(
        hessian.InFeatures, hessian.InFeatures, type, device, (row, destination) => hessian.Cross((int)row).CopyTo(destination));

    /// <summary>diag(H).</summary>
    public static float[] Diagonal(HessianAccumulator hessian)
    {
        var diagonal = new float[hessian.InFeatures];
        for (var i = 0; i < diagonal.Length; i++) diagonal[i] = hessian.Sum(i, i + 1)[i];
        return diagonal;
    }
}
