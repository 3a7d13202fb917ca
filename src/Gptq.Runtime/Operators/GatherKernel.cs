using System.Globalization;
using Gptq.Numerics.Packed;

namespace Gptq.Runtime.Operators;

/// <summary>One node gptq.Gather of a loaded session: rows of a packed matrix, picked by index, as float32.</summary>
internal sealed unsafe class GatherKernel : OperatorKernel
{
    private readonly PackedWeights _weights;

    /// <summary>Reads the node.</summary>
    public GatherKernel(OrtApi api, nint kernelInfo)
        : base(api, "gptq.Gather") =>
        _weights = PackedInputs.Read(api, kernelInfo);

    /// <inheritdoc/>
    public override void Compute(nint context)
    {
        var input = Api.Input(context, 0);
        var shape = Api.Shape(input);
        var indices = (long*)Api.TensorData(input);
        var y = (float*)Api.TensorData(Api.Output(context, [.. shape, _weights.InFeatures]));
        var count = shape.Aggregate(1L, (product, extent) => product * extent);
        for (var i = 0L; i < count; i++)
        {
            var rows = _weights.Layout.OutFeatures;
            var row = indices[i] < 0 ? indices[i] + rows : indices[i];
            if (row < 0 || row >= rows)
            {
                throw new OperatorException(OperatorException.Input, string.Create(
                    CultureInfo.InvariantCulture, $"Index {indices[i]} is out of range: the table has {rows} rows."));
            }

            PackedGather.Row(_weights, row, new Span<float>(y + (i * _weights.InFeatures), _weights.InFeatures));
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}
