namespace Gptq.Numerics.Tiles;

/// <summary>Picks the kernel for this processor.</summary>
internal static class TileKernels
{
    /// <summary>All of them, the fastest first.</summary>
    public static IReadOnlyList<TileKernel> All { get; } =
        [new Avx512TileKernel(), new Avx2TileKernel(), new AdvSimdTileKernel(), new ScalarTileKernel()];

    /// <summary>The fastest that runs here.</summary>
    public static TileKernel Best { get; } = All.First(kernel => kernel.IsSupported);
}
