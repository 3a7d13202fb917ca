namespace Gptq.Quantization.Options;

/// <summary>One override of the Modules metadata: what happens to the linear layers whose names match.</summary>
/// <param name="Pattern">A module name or its last segments; <c>*</c> stands for any characters.</param>
/// <param name="Skip">True to leave the layer in floating point.</param>
/// <param name="Bits">The levels of a code; null with <paramref name="Skip"/>.</param>
/// <param name="GroupSize">Columns that share a scale, -1 for a whole row; null keeps the item's.</param>
public sealed record ModuleRule(string Pattern, bool Skip, BitWidth? Bits, int? GroupSize)
{
    /// <summary>Whether the rule speaks of a module.</summary>
    /// <param name="module">The full name, such as <c>model.decoder.layers.0.fc1</c>.</param>
    /// <remarks>The pattern has to match the whole name or everything after one of its dots, so <c>lm_head</c> and <c>*.fc2</c> do as expected.</remarks>
    public bool Matches(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        for (var start = 0; ;)
        {
            if (System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(Pattern, module.AsSpan(start), ignoreCase: false)) return true;
            var dot = module.IndexOf('.', start);
            if (dot < 0) return false;
            start = dot + 1;
        }
    }
}
