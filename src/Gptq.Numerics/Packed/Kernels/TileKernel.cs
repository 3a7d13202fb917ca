namespace Gptq.Numerics.Packed.Kernels;

/// <summary>Multiplies one tile of 16 rows of a packed matrix by rows of prepared activations.</summary>
internal abstract unsafe class TileKernel
{
    /// <summary>Rows of activations that <see cref="Multiply"/> takes at a time, besides one.</summary>
    public const int RowsTogether = 4;

    /// <summary>Rows of activations that <see cref="MultiplyMany"/> takes at most.</summary>
    public const int MostRows = 64;

    /// <summary>Rows of two tiles: the outputs of <see cref="MultiplyMany"/>.</summary>
    public const int PairRows = 2 * PackedLayout.TileRows;

    /// <summary>The fastest kernel that this machine runs.</summary>
    public static TileKernel Best { get; } = All()[0];

    /// <summary>The instruction set.</summary>
    public abstract string Name { get; }

    /// <summary>The kernels that this machine runs, the fastest first; every one gives the same bits.</summary>
    public static IReadOnlyList<TileKernel> All()
    {
        var kernels = new List<TileKernel>();
        if (Simd512.IsSupported)
        {
            kernels.Add(new Avx512Kernel());
        }

        if (Simd256.IsSupported)
        {
            kernels.Add(new Avx2Kernel());
        }

        if (Simd128.IsSupported)
        {
            kernels.Add(new Vector128Kernel());
        }

        kernels.Add(new ScalarKernel());
        return kernels;
    }

    /// <summary>Computes result[i, r] = Σ weight[16 · tile + r, c] · x[i, c].</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="layout">The form of the activations.</param>
    /// <param name="x">The first row of activations.</param>
    /// <param name="rows">1 or <see cref="RowsTogether"/>.</param>
    /// <param name="result">[rows, 16].</param>
    public abstract void Multiply(in PackedWeights weights, int tile, in ActivationLayout layout, byte* x, int rows, float* result);

    /// <summary>Whether <see cref="MultiplyMany"/> is there, and faster than <see cref="Multiply"/> for many rows. The bits are the same.</summary>
    public virtual bool HasPanels => false;

    /// <summary>As <see cref="Multiply"/>, for two tiles and many rows. Integer activations of 16 bits are <see cref="ActivationForm.Words"/> here.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="tile">The first tile.</param>
    /// <param name="tiles">2, or 1 for the last tile.</param>
    /// <param name="layout">The form of the activations.</param>
    /// <param name="x">The first row of activations.</param>
    /// <param name="rows">Up to <see cref="MostRows"/>.</param>
    /// <param name="totals">Receives [rows, <see cref="PairRows"/>]; has room for <see cref="PaddedRows"/>.</param>
    public virtual void MultiplyMany(in PackedWeights weights, int tile, int tiles, in ActivationLayout layout, byte* x, int rows, float* totals) =>
        throw new NotSupportedException();

    /// <summary>Rows rounded up to those that are computed together.</summary>
    public static int PaddedRows(int rows) => (rows + RowsTogether - 1) / RowsTogether * RowsTogether;
}
