using Google.Protobuf;
using Gptq.Onnx;
using Gptq.Onnx.Protocol;
using Gptq.Quantization.Tests.Checkpoints.Support;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Onnx;

public sealed class GraphBuilderTests
{
    [Fact]
    public void A_written_model_reads_back_and_runs()
    {
        using var folder = new TemporaryFolder();
        var graph = new GraphBuilder("sum");
        var a = graph.Input("a", ElementType.Float, "n", 2);
        graph.Rename(graph.Add(a, graph.Scalar(1.5f)), "b");
        graph.Output("b", ElementType.Float, "n", 2);
        var path = folder.At("model.onnx");
        ModelFile.Save(graph.ToModel(), path);

        Assert.Equal(graph.ToModel(), ModelFile.Load(path));
        using var session = new InferenceSession(path);
        using var value = OrtValue.CreateTensorValueFromMemory([1f, 2f, 3f, 4f], [2, 2]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["a"], [value], ["b"]);
        Assert.Equal([2.5f, 3.5f, 4.5f, 5.5f], results[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [Fact]
    public void Names_follow_the_scope_and_are_unique()
    {
        var graph = new GraphBuilder("names");
        var x = graph.Input("x", ElementType.Float, 1);
        string inside, twice;
        using (graph.Scope("a"))
        using (graph.Scope("b"))
        {
            inside = graph.Add(x, x);
            twice = graph.Add(x, x);
        }

        Assert.Equal(("/a/b/Add:out", "/a/b/Add_1:out", "/Add:out"), (inside, twice, graph.Add(x, x)));
    }

    [Fact]
    public void The_same_constant_is_stored_once()
    {
        var graph = new GraphBuilder("constants");
        Assert.Equal(graph.Constant(1, 2), graph.Constant(1, 2));
        Assert.NotEqual(graph.Constant(1), graph.Scalar(1L));
        Assert.NotEqual(graph.Scalar(1L), graph.Scalar(1f));
        Assert.Equal(4, graph.ToModel().Graph.Initializer.Count);
    }

    [Fact]
    public void Domains_that_are_used_are_imported()
    {
        var graph = new GraphBuilder("domains");
        var x = graph.Input("x", ElementType.Float, 1);
        graph.Node(Domains.Microsoft, "Gelu", [x]);
        graph.ImportOpset("gptq", 3);
        Assert.Equal(
            [("", Domains.StandardVersion), ("com.microsoft", 1L), ("gptq", 3L)],
            graph.ToModel().OpsetImport.Select(opset => (opset.Domain, opset.Version)));
    }

    [Fact]
    public void An_attribute_that_is_zero_is_written() =>
        Assert.Equal([0x0A, 0x01, (byte)'a', 0x18, 0x00, 0xA0, 0x01, 0x02], Attributes.Int("a", 0).ToByteArray());

    [Fact]
    public void A_function_runs_where_its_operator_is_not_registered()
    {
        using var folder = new TemporaryFolder();
        var function = new FunctionProto { Name = "Twice", Domain = "gptq" };
        function.Input.Add("in");
        function.Output.Add("out");
        function.OpsetImport.Add(new OperatorSetIdProto { Version = Domains.StandardVersion });
        var node = new NodeProto { OpType = "Add" };
        node.Input.AddRange(["in", "in"]);
        node.Output.Add("out");
        function.Node.Add(node);

        var graph = new GraphBuilder("function");
        var x = graph.Input("x", ElementType.Float, 1);
        graph.Rename(graph.Call(function, [graph.Call(function, [x])]), "y");
        Assert.Single(graph.ToModel().Functions);
        graph.Output("y", ElementType.Float, 1);
        ModelFile.Save(graph.ToModel(), folder.At("model.onnx"));

        using var session = new InferenceSession(folder.At("model.onnx"));
        using var value = OrtValue.CreateTensorValueFromMemory([10.5f], [1]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [value], ["y"]);
        Assert.Equal(42f, results[0].GetTensorDataAsSpan<float>()[0]);
    }
}
