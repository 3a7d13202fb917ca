using Gptq.Onnx;

namespace Gptq.Quantization.Tests.Onnx;

public sealed class GraphPrunerTests
{
    [Fact]
    public void Only_what_an_output_needs_is_kept()
    {
        var graph = new GraphBuilder("two");
        var x = graph.Input("x", ElementType.Float, 1);
        graph.Rename(graph.Add(x, graph.Scalar(1f)), "one");
        graph.Rename(graph.Mul("one", graph.Scalar(2f)), "two");
        graph.Output("one", ElementType.Float, 1);
        graph.Output("two", ElementType.Float, 1);
        var model = graph.ToModel();

        var kept = GraphPruner.Keep(model, ["one"]).Graph;

        Assert.Equal(["Add", "Identity"], kept.Node.Select(node => node.OpType));
        Assert.Equal(["one"], kept.Output.Select(output => output.Name));
        Assert.Single(kept.Initializer);
        Assert.Equal(4, model.Graph.Node.Count);
        Assert.Equal(model, GraphPruner.Keep(model, ["one", "two"]));
    }

    [Fact]
    public void What_a_body_takes_from_outside_is_kept()
    {
        var graph = new GraphBuilder("scan");
        var x = graph.Input("x", ElementType.Float, 3);
        var outside = graph.Add(x, x);
        var body = graph.Body("body");
        body.Rename(body.Add(body.Input("item", ElementType.Float), outside), "sum");
        body.Output("sum", ElementType.Float, 3);
        graph.Rename(graph.Node("Scan", [x], body.AsAttribute("body"), Attributes.Int("num_scan_inputs", 1)), "y");
        graph.Output("y", ElementType.Float, 3, 3);

        Assert.Equal(["Add", "Scan", "Identity"], GraphPruner.Keep(graph.ToModel(), ["y"]).Graph.Node.Select(node => node.OpType));
    }
}
