using Gptq.Onnx.Protocol;

namespace Gptq.Onnx;

/// <summary>Cuts a model down to what some of its outputs need.</summary>
public static class GraphPruner
{
    /// <summary>A copy of a model with fewer outputs, without the nodes and constants that none of them depends on.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="outputs">The outputs to keep, in the model's order.</param>
    /// <param name="keepInputs">Whether inputs stay that nothing depends on any more.</param>
    public static ModelProto Keep(ModelProto model, IReadOnlyCollection<string> outputs, bool keepInputs = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(outputs);
        var kept = model.Clone();
        var graph = kept.Graph;
        Remove(graph.Output, output => !outputs.Contains(output.Name));

        // Nodes stand behind those that they depend on, so one pass from the end finds all.
        var needed = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        for (var index = graph.Node.Count - 1; index >= 0; index--)
        {
            if (graph.Node[index].Output.Any(needed.Contains))
                needed.UnionWith(Inputs(graph.Node[index]));
            else
                graph.Node.RemoveAt(index);
        }

        Remove(graph.Initializer, constant => !needed.Contains(constant.Name));
        if (!keepInputs) Remove(graph.Input, input => !needed.Contains(input.Name));
        return kept;
    }

    // With the values that the bodies of repeated nodes take from outside.
    private static IEnumerable<string> Inputs(NodeProto node) =>
        node.Input.Concat(node.Attribute.Where(attribute => attribute.G is not null).SelectMany(attribute => attribute.G.Node).SelectMany(Inputs));

    private static void Remove<T>(Google.Protobuf.Collections.RepeatedField<T> items, Predicate<T> condition)
    {
        for (var index = items.Count - 1; index >= 0; index--)
        {
            if (condition(items[index]))
                items.RemoveAt(index);
        }
    }
}
