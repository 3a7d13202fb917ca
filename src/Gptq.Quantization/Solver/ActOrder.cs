namespace Gptq.Quantization.Solver;

/// <summary>In which order the columns of a layer are quantized. Those with the most input energy, diag(H), first is better: what is rounded
/// last has nothing left to make up for it.</summary>
public enum ActOrder
{
    /// <summary>As they stand in the checkpoint.</summary>
    None,

    /// <summary>By diag(H), descending; the groups' grids are fixed beforehand from the checkpoint's columns (reference: act-order with
    /// static-groups). Nothing to pay at run time.</summary>
    Static,

    /// <summary>The groups by their largest diag(H), then the columns within each group. Nothing to pay at run time.</summary>
    GroupAware,

    /// <summary>By diag(H), descending, and columns that are quantized one after the other form the groups (reference: act-order). Needs g_idx
    /// at run time unless a group is the whole row.</summary>
    Dynamic,
}
