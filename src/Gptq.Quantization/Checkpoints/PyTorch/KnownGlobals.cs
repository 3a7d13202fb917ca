namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>The only functions and classes that a checkpoint may name. None of them is Python's: each is a case in <see cref="TensorRebuilder"/>.</summary>
internal static class KnownGlobals
{
    private static readonly Dictionary<string, PickleGlobal> Known = Build();

    /// <summary>What a name stands for, or null when it is refused.</summary>
    public static PickleGlobal? Find(string module, string name) => Known.GetValueOrDefault($"{module}.{name}");

    private static Dictionary<string, PickleGlobal> Build()
    {
        var known = new Dictionary<string, PickleGlobal>(StringComparer.Ordinal)
        {
            ["collections.OrderedDict"] = new(PickleGlobalKind.OrderedDict),
            ["torch._utils._rebuild_tensor"] = new(PickleGlobalKind.RebuildTensor),
            ["torch._utils._rebuild_tensor_v2"] = new(PickleGlobalKind.RebuildTensor),
            ["torch._utils._rebuild_tensor_v3"] = new(PickleGlobalKind.RebuildTensorV3),
            ["torch._utils._rebuild_parameter"] = new(PickleGlobalKind.RebuildParameter),
            ["torch._utils._rebuild_parameter_with_state"] = new(PickleGlobalKind.RebuildParameter),
            ["torch._tensor._rebuild_from_type_v2"] = new(PickleGlobalKind.RebuildFromType),
            ["torch.storage.UntypedStorage"] = new(PickleGlobalKind.UntypedStorage),
            ["torch.Tensor"] = new(PickleGlobalKind.TensorClass),
            ["torch._tensor.Tensor"] = new(PickleGlobalKind.TensorClass),
            ["torch.nn.parameter.Parameter"] = new(PickleGlobalKind.TensorClass),
            ["torch.nn.parameter.Buffer"] = new(PickleGlobalKind.TensorClass),
            ["torch.Size"] = new(PickleGlobalKind.Size),
            ["torch.device"] = new(PickleGlobalKind.Device),
        };

        foreach (var (storage, dtype, type) in new (string?, string, ElementType)[]
        {
            ("Double", "float64", ElementType.F64),
            ("Float", "float32", ElementType.F32),
            ("Half", "float16", ElementType.F16),
            ("BFloat16", "bfloat16", ElementType.BF16),
            ("Long", "int64", ElementType.I64),
            ("Int", "int32", ElementType.I32),
            ("Short", "int16", ElementType.I16),
            ("Char", "int8", ElementType.I8),
            ("Byte", "uint8", ElementType.U8),
            ("Bool", "bool", ElementType.Bool),
            ("ComplexFloat", "complex64", ElementType.C64),
            (null, "uint16", ElementType.U16),
            (null, "uint32", ElementType.U32),
            (null, "uint64", ElementType.U64),
            (null, "float8_e4m3fn", ElementType.Float8E4M3),
            (null, "float8_e5m2", ElementType.Float8E5M2),
        })
        {
            known.Add($"torch.{dtype}", new(PickleGlobalKind.DataType, type));
            if (storage is not null)
            {
                known.Add($"torch.{storage}Storage", new(PickleGlobalKind.Storage, type));
            }
        }

        return known;
    }
}
