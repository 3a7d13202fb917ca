using System.Runtime.InteropServices;
using Gptq.Numerics.Packed;

namespace Gptq.Runtime.Operators;

/// <summary>One node gptq.MatMul of a loaded session: y = x Wᵀ + bias.</summary>
internal sealed unsafe class MatMulKernel : OperatorKernel
{
    private const int BiasInput = 5;

    /// <summary>Rows that are prepared together: bounds the scratch memory for long prompts.</summary>
    private const int RowsTogether = 256;

    private readonly PackedWeights _weights;
    private readonly PackedMatMul _product;
    private readonly float* _bias;
    private readonly GCHandle _self;

    /// <summary>Reads the node.</summary>
    /// <param name="api">ONNX Runtime.</param>
    /// <param name="kernelInfo">The node.</param>
    /// <param name="precision">What the session asks for, or null for what the node says.</param>
    public MatMulKernel(OrtApi api, nint kernelInfo, ActivationPrecision? precision)
        : base(api, "gptq.MatMul")
    {
        _weights = PackedInputs.Read(api, kernelInfo);
        _product = new PackedMatMul(_weights, precision ?? NodePrecision(api, kernelInfo));
        var bias = api.ConstantInput(kernelInfo, BiasInput);
        if (bias != 0)
        {
            PackedInputs.RequireLength(api.Shape(bias), _weights.Layout.OutFeatures, "bias");
            _bias = (float*)api.TensorData(bias);
        }

        _self = GCHandle.Alloc(this, GCHandleType.Weak);
    }

    /// <inheritdoc/>
    public override void Compute(nint context)
    {
        var input = Api.Input(context, 0);
        var shape = Api.Shape(input);
        if (shape.Length == 0 || shape[^1] != _weights.InFeatures)
        {
            throw new OperatorException(OperatorException.Input, $"The input's last extent must be {_weights.InFeatures}; its shape is [{string.Join(", ", shape)}].");
        }

        var rows = 1L;
        for (var axis = 0; axis < shape.Length - 1; axis++)
        {
            rows *= shape[axis];
        }

        shape[^1] = _weights.Layout.OutFeatures;
        var x = (float*)Api.TensorData(input);
        var y = (float*)Api.TensorData(Api.Output(context, shape));
        for (var row = 0L; row < rows; row += RowsTogether)
        {
            Multiply(context, x + (row * _weights.InFeatures), (int)Math.Min(RowsTogether, rows - row), y + (row * _weights.Layout.OutFeatures));
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _self.Free();

    private void Multiply(nint context, float* x, int rows, float* y)
    {
        var scratch = ScratchMemory.OfThread(_product.ScratchBytes(rows));
        var job = new Job { Kernel = GCHandle.ToIntPtr(_self), Rows = rows, X = x, Scratch = scratch, Y = y };
        var pieces = PackedMatMul.PreparePieces(rows);
        if (pieces == 1) _product.Prepare(0, x, rows, scratch);
        else Api.ParallelFor(context, &PreparePiece, pieces, &job);
        if (!job.Failed) Api.ParallelFor(context, &RunPiece, _product.Pieces, &job);
        if (job.Failed)
        {
            throw new InvalidOperationException("A piece of the product failed.");
        }
    }

    // An exception that left one of these methods would end the process.
    [UnmanagedCallersOnly]
    private static void PreparePiece(void* state, nuint piece)
    {
        var job = (Job*)state;
        try
        {
            var kernel = (MatMulKernel)GCHandle.FromIntPtr(job->Kernel).Target!;
            kernel._product.Prepare((int)piece, job->X, job->Rows, job->Scratch);
        }
        catch (Exception)
        {
            job->Failed = true;
        }
    }

    [UnmanagedCallersOnly]
    private static void RunPiece(void* state, nuint piece)
    {
        var job = (Job*)state;
        try
        {
            var kernel = (MatMulKernel)GCHandle.FromIntPtr(job->Kernel).Target!;
            kernel._product.Run((int)piece, job->Rows, job->Scratch, kernel._bias, job->Y);
        }
        catch (Exception)
        {
            job->Failed = true;
        }
    }

    private static ActivationPrecision NodePrecision(OrtApi api, nint kernelInfo)
    {
        var precision = (ActivationPrecision)(api.Attribute(kernelInfo, "activation_bits") ?? (long)ActivationPrecision.Bits16);
        return Enum.IsDefined(precision)
            ? precision
            : throw new OperatorException(OperatorException.Node, $"activation_bits must be 8, 16 or 32, not {(int)precision}.");
    }

    private struct Job
    {
        public nint Kernel;
        public int Rows;
        public float* X;
        public byte* Scratch;
        public float* Y;
        public bool Failed;
    }
}
