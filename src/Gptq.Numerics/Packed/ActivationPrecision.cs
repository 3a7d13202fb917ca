namespace Gptq.Numerics.Packed;

/// <summary>How exactly a packed product sees its activations. Weights are always exact.</summary>
public enum ActivationPrecision
{
    /// <summary>Activations stay float32; products and sums are fused multiply-adds.</summary>
    Exact = 32,

    /// <summary>
    /// Each block of up to 64 activations becomes 16-bit integers (two int8 limbs, ±32639) with one float32 scale; sums of a block are
    /// exact integers. The relative error of a product is about 2e-5, and at most 7e-5 however the activations are distributed.
    /// </summary>
    Bits16 = 16,

    /// <summary>As <see cref="Bits16"/> with one limb (±127) and blocks of up to 32: the fastest, with a relative error of about 5e-3.</summary>
    Bits8 = 8,
}
