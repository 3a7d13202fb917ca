namespace Gptq.Onnx;

/// <summary>The standard operators that transformer graphs use, by their ONNX names. Each adds one node and returns its output.</summary>
public static class GraphOperators
{
    extension(GraphBuilder graph)
    {
        /// <summary>Elementwise sum, with broadcasting.</summary>
        public string Add(string a, string b) => graph.Node("Add", [a, b]);

        /// <summary>Elementwise difference, with broadcasting.</summary>
        public string Sub(string a, string b) => graph.Node("Sub", [a, b]);

        /// <summary>Elementwise product, with broadcasting.</summary>
        public string Mul(string a, string b) => graph.Node("Mul", [a, b]);

        /// <summary>Elementwise quotient, with broadcasting.</summary>
        public string Div(string a, string b) => graph.Node("Div", [a, b]);

        /// <summary>Product of the last two dimensions.</summary>
        public string MatMul(string a, string b) => graph.Node("MatMul", [a, b]);

        /// <summary>Changes the extents; 0 keeps an extent, -1 is what remains.</summary>
        public string Reshape(string value, params ReadOnlySpan<long> shape) => graph.Node("Reshape", [value, graph.Constant(shape)]);

        /// <summary>Reorders the dimensions.</summary>
        public string Transpose(string value, params ReadOnlySpan<long> order) =>
            graph.Node("Transpose", [value], Attributes.Ints("perm", order));

        /// <summary>Joins values along an axis.</summary>
        public string Concat(long axis, params ReadOnlySpan<string> values) => graph.Node("Concat", values, Attributes.Int("axis", axis));

        /// <summary>Cuts a value along an axis into pieces of given extents.</summary>
        public string[] Split(string value, long axis, params ReadOnlySpan<long> extents) =>
            graph.Nodes(Domains.Standard, "Split", [value, graph.Constant(extents)], extents.Length, Attributes.Int("axis", axis));

        /// <summary>A part of a value along one axis; bounds are vectors of one whole number.</summary>
        public string Slice(string value, string start, string end, long axis) =>
            graph.Node("Slice", [value, start, end, graph.Constant(axis)]);

        /// <summary>Picks entries of an axis.</summary>
        public string Gather(string value, string indices, long axis = 0) =>
            graph.Node("Gather", [value, indices], Attributes.Int("axis", axis));

        /// <summary>Adds dimensions of extent 1.</summary>
        public string Unsqueeze(string value, params ReadOnlySpan<long> axes) => graph.Node("Unsqueeze", [value, graph.Constant(axes)]);

        /// <summary>Removes dimensions of extent 1.</summary>
        public string Squeeze(string value, params ReadOnlySpan<long> axes) => graph.Node("Squeeze", [value, graph.Constant(axes)]);

        /// <summary>Changes the element type.</summary>
        public string Cast(string value, ElementType type) => graph.Node("Cast", [value], Attributes.Int("to", (long)type));

        /// <summary>One extent of a value, as a vector of one whole number.</summary>
        public string Extent(string value, long axis) =>
            graph.Node("Shape", [value], Attributes.Int("start", axis), Attributes.Int("end", axis + 1));

        /// <summary>Softmax over the last axis.</summary>
        public string Softmax(string value) => graph.Node("Softmax", [value], Attributes.Int("axis", -1));

        /// <summary>The second value where the condition holds, else the third.</summary>
        public string Where(string condition, string then, string otherwise) => graph.Node("Where", [condition, then, otherwise]);

        /// <summary>Whole numbers from start up to, not including, end; scalars.</summary>
        public string Range(string start, string end) => graph.Node("Range", [start, end, graph.Scalar(1L)]);

        /// <summary>Gives a value another name, for a graph output.</summary>
        public string Rename(string value, string name) => graph.NamedNode(name, "Identity", [value]);
    }
}
