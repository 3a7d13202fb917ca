using System.Runtime.Intrinsics;
using Gptq.Numerics.Packed.Kernels.Panels;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>The kernel of <see cref="Simd512"/>.</summary>
internal sealed class Avx512Kernel : PanelKernel<Simd512, Vector512<byte>, Vector512<int>, Vector512<float>>
{
    /// <inheritdoc/>
    public override string Name => "AVX-512";
}

/// <summary>The kernel of <see cref="Simd256"/>.</summary>
internal sealed class Avx2Kernel : PanelKernel<Simd256, Vector256<byte>, Vector256<int>, Vector256<float>>
{
    /// <inheritdoc/>
    public override string Name => "AVX2";
}

/// <summary>The kernel of <see cref="Simd128"/>.</summary>
internal sealed class Vector128Kernel : VectorKernel<Simd128, Vector128<byte>, Vector128<int>, Vector128<float>>
{
    /// <inheritdoc/>
    public override string Name => "Vector128";
}
