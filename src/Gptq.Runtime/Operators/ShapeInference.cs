namespace Gptq.Runtime.Operators;

/// <summary>Tells ONNX Runtime the outputs' shapes while it loads a graph, so that it can plan memory and fuse what follows.</summary>
internal static class ShapeInference
{
    private const int Float = 1;

    /// <summary>MatMul replaces the last extent by out_features, Gather appends in_features. Unknown shapes stay unknown.</summary>
    public static void Infer(OrtApi api, nint context, bool isGather)
    {
        var input = api.InputTypeAndShape(context, 0);
        if (input == 0 || api.InferredAttribute(context, isGather ? "in_features" : "out_features") is not { } extent)
        {
            return;
        }

        var shape = api.Dimensions(input);
        var names = api.SymbolicDimensions(input, shape.Length);
        if (shape.Length == 0 && !isGather)
        {
            return;
        }

        if (isGather)
        {
            shape = [.. shape, extent];
            names = [.. names, 0];
        }
        else
        {
            shape[^1] = extent;
            names[^1] = 0;
        }

        Set(api, context, shape, names);
    }

    private static unsafe void Set(OrtApi api, nint context, long[] shape, nint[] names)
    {
        byte none = 0;
        for (var axis = 0; axis < shape.Length; axis++)
        {
            var isNamed = names[axis] != 0 && *(byte*)names[axis] != 0;
            if (shape[axis] < 0 && !isNamed)
            {
                return;
            }

            names[axis] = isNamed ? names[axis] : (nint)(&none);
        }

        var info = api.CreateTypeAndShape(Float, shape, names);
        try
        {
            api.SetOutputTypeAndShape(context, info);
        }
        finally
        {
            api.ReleaseTypeAndShape(info);
        }
    }
}
