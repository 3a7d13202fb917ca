namespace Gptq.Numerics.Tiles;

/// <summary>What becomes of the destination of a product.</summary>
internal enum TileUpdate
{
    /// <summary>C = A·B.</summary>
    Set,

    /// <summary>C = C + A·B.</summary>
    Add,

    /// <summary>C = C − A·B.</summary>
    Subtract,
}
