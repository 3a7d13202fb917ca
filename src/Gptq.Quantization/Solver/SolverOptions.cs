namespace Gptq.Quantization.Solver;

/// <summary>What the solver is asked for.</summary>
public sealed record SolverOptions
{
    /// <summary>Levels of a code.</summary>
    public BitWidth Bits { get; init; } = BitWidth.Four;

    /// <summary>Columns that share a scale: a power of two from 16 to 1024, or −1 for the whole row. The last group may be short.</summary>
    public int GroupSize { get; init; } = 128;

    /// <summary>Whether the grid is symmetric about zero: no zero points to store.</summary>
    public bool Symmetric { get; init; }

    /// <summary>
    /// Whether a symmetric grid uses all its 2^b levels: the step is max|w| / 2^(b−1), signed so that the largest weight is the lowest code.
    /// </summary>
    public bool FullRangeSymmetric { get; init; }

    /// <summary>The order of the columns.</summary>
    public ActOrder ActOrder { get; init; }

    /// <summary>Whether all grids are fixed before the first column is quantized; <see cref="ActOrder.Static"/> implies it.</summary>
    public bool StaticGroups { get; init; }

    /// <summary>Whether grids are shrunk where that lowers Σ|q − w|^2.4 (reference: quant.py).</summary>
    public bool MseSearch { get; init; }

    /// <summary>Whether grids are shrunk where that lowers Σ diag(H)·(q − w)²; replaces the criterion of <see cref="MseSearch"/>.</summary>
    public bool ImportanceWeighted { get; init; }

    /// <summary>What is added to H's diagonal, as a fraction of its mean (reference: percdamp).</summary>
    public double Damp { get; init; } = 0.01;

    /// <summary>How codes are chosen.</summary>
    public SolverMethod Method { get; init; }

    /// <summary>How much of the input's change GPTAQ makes up for; 0.25 is what its authors use.</summary>
    public double AsymmetryScale { get; init; } = 0.25;

    /// <summary>The type in which scales will be stored.</summary>
    public ScaleStorage ScaleStorage { get; init; }

    /// <summary>The smallest zero point that the result's format can store: 0, or 1 (AutoGPTQ's first layout).</summary>
    public int LeastZero { get; init; }

    /// <summary>The largest code: 2^bits − 1, and 2 for ternary.</summary>
    internal int MaxCode => Bits == BitWidth.Ternary ? 2 : (1 << (int)Bits) - 1;

    internal bool GridsAreFixed => StaticGroups || ActOrder == ActOrder.Static;

    /// <summary>Refuses values that no layer can be quantized with; to be called before calibration.</summary>
    /// <exception cref="GptqException">GPTQ4001.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(Bits)) throw Refusal($"Bits is {(int)Bits}; use 2, 3, 4, 8 or ternary.");
        if (GroupSize != -1 && (GroupSize is < 16 or > 1024 || !int.IsPow2(GroupSize)))
            throw Refusal($"GroupSize is {GroupSize}; use -1 (the whole row) or a power of two from 16 to 1024.");
        if (!(Damp is >= 0 and <= 1)) throw Refusal($"Damp is {Damp}; use a fraction of the mean of diag(H) from 0 to 1, such as 0.01.");
        if (!(AsymmetryScale is >= 0 and <= 1)) throw Refusal($"AsymmetryScale is {AsymmetryScale}; use a number from 0 to 1, such as 0.25.");
        if (FullRangeSymmetric && !Symmetric) throw Refusal("FullRangeSymmetric is a kind of symmetric grid; set Symmetric too.");
        if (FullRangeSymmetric && Bits == BitWidth.Ternary) throw Refusal("FullRangeSymmetric has no meaning for ternary, which has no step; leave it out.");
        if (LeastZero is not (0 or 1)) throw Refusal($"LeastZero is {LeastZero}; use 0 or 1.");
        if (ActOrder == ActOrder.Dynamic && StaticGroups) throw Refusal("ActOrder=dynamic forms groups as it goes, so its groups cannot be static; use ActOrder=static.");
    }

    /// <summary>Refuses a Hessian without what the method needs.</summary>
    /// <exception cref="GptqException">GPTQ4004.</exception>
    internal void RequireInputs(HessianAccumulator hessian)
    {
        if (Method == SolverMethod.Gptaq && !hessian.HasFloatInputs)
            throw new GptqException("GPTQ4004", "Method=gptaq needs the float model's inputs of each layer beside those behind quantized layers; collect both, or use Method=gptq.");
    }

    /// <summary>Columns in a group of a layer with so many columns.</summary>
    internal int ColumnsPerGroup(int inFeatures) => GroupSize == -1 ? inFeatures : Math.Min(GroupSize, inFeatures);

    private static GptqException Refusal(string message) => new("GPTQ4001", "The options of the solver do not fit together: " + message);
}
