namespace Gptq.Numerics.Packed;

/// <summary>How activations are stored for a kernel.</summary>
internal enum ActivationForm
{
    /// <summary>float32, in stored column order.</summary>
    Floats,

    /// <summary>Per block of 32 columns: 32 high limbs, then 32 low limbs, so that the value is 256 · high + low.</summary>
    TwoLimbs,

    /// <summary>Per block of 32 columns: 32 int8 values.</summary>
    OneLimb,

    /// <summary>Per block of 32 columns: 32 int16 values; each four columns in the order 0, 2, 1, 3. For 8-bit codes, whose pair sums overflow int16.</summary>
    Words,
}

/// <summary>Where a row of prepared activations stands in its buffer: values, then one scale and one sum per activation block.</summary>
internal readonly struct ActivationLayout
{
    /// <summary>
    /// Most columns of an activation block. The largest of n numbers is at most √n times their root mean square m, so rounding to ±l
    /// costs at most √n / (√12 l) of m: 7e-5 here at l = 32639. Sums of 8-bit codes times 16-bit activations stay in int32.
    /// </summary>
    private const int ManyColumns = 64;

    /// <summary>The same with 8-bit activations, whose scales have to fit more closely.</summary>
    private const int FewColumns = 32;

    /// <summary>Columns of the largest activation block.</summary>
    public const int MostBlockColumns = ManyColumns;

    /// <param name="weights">The matrix.</param>
    /// <param name="precision">How activations are seen.</param>
    /// <param name="forPanels">Whether <see cref="Kernels.TileKernel.MultiplyMany"/> reads them: the same numbers, 16-bit ones in one piece.</param>
    public ActivationLayout(PackedLayout weights, ActivationPrecision precision, bool forPanels = false)
    {
        Form = precision switch
        {
            ActivationPrecision.Exact => ActivationForm.Floats,
            _ when weights.Format == PackedFormat.Bits8 => ActivationForm.Words,
            ActivationPrecision.Bits16 => forPanels ? ActivationForm.Words : ActivationForm.TwoLimbs,
            _ => ActivationForm.OneLimb,
        };
        Limit = precision switch
        {
            ActivationPrecision.Bits16 => (127 * 256) + 127,
            _ => 127,
        };
        Columns = weights.Columns;
        GroupSize = weights.GroupSize;
        BlockColumns = Math.Min(weights.GroupSize, precision == ActivationPrecision.Bits8 ? FewColumns : ManyColumns);
        var blocksOfGroup = (weights.GroupSize + BlockColumns - 1) / BlockColumns;
        var lastGroup = weights.Columns - ((weights.Groups - 1) * weights.GroupSize);
        Blocks = ((weights.Groups - 1) * blocksOfGroup) + ((lastGroup + BlockColumns - 1) / BlockColumns);
        ValueSize = Form switch
        {
            ActivationForm.Floats => sizeof(float),
            ActivationForm.OneLimb => sizeof(sbyte),
            _ => sizeof(short),
        };
        ValueBytes = checked(weights.Columns * ValueSize);
        RowBytes = checked(ValueBytes + (2 * sizeof(float) * Blocks) + 63) / 64 * 64;
    }

    public ActivationForm Form { get; }

    /// <summary>The largest magnitude of an integer activation.</summary>
    public int Limit { get; }

    public int Columns { get; }

    public int GroupSize { get; }

    /// <summary>Columns that share an activation scale. No block spans two groups; a group's last block may be short.</summary>
    public int BlockColumns { get; }

    /// <summary>Activation blocks of a row.</summary>
    public int Blocks { get; }

    /// <summary>Bytes of a value.</summary>
    public int ValueSize { get; }

    /// <summary>Bytes of the values of a row; the scales (float32) stand behind them.</summary>
    public int ValueBytes { get; }

    /// <summary>Where the sums of a row stand: int32, or float32 for <see cref="ActivationForm.Floats"/>.</summary>
    public int SumOffset => ValueBytes + (sizeof(float) * Blocks);

    /// <summary>Bytes of a row.</summary>
    public int RowBytes { get; }
}
