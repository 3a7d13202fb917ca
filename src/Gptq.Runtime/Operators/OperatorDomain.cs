using System.Runtime.InteropServices;
using System.Text;
using Gptq.Numerics.Packed;

namespace Gptq.Runtime.Operators;

/// <summary>
/// The operators of domain gptq as ONNX Runtime sees them. What is made here is never freed: it must outlive every session, and there
/// are at most four of it in a process (one for each precision).
/// </summary>
internal static unsafe class OperatorDomain
{
    /// <summary>The domain of the operators.</summary>
    public const string Name = "gptq";

    // ONNXTensorElementDataType, OrtCustomOpInputOutputCharacteristic
    private const int Float = 1, UInt8 = 2, Int32 = 6, Int64 = 7, Float16 = 10;
    private const int RequiredInput = 0, OptionalInput = 1;

    private static readonly byte* s_matMulName = Permanent("MatMul");
    private static readonly byte* s_gatherName = Permanent("Gather");

    /// <summary>Makes the domain.</summary>
    /// <param name="api">ONNX Runtime.</param>
    /// <param name="precision">What sessions with this domain use, or null for what their nodes say.</param>
    public static nint Create(OrtApi api, ActivationPrecision? precision)
    {
        var domain = api.CreateCustomOpDomain(Name);
        api.AddOperator(domain, Create(api, precision, isGather: false));
        api.AddOperator(domain, Create(api, precision, isGather: true));
        return domain;
    }

    private static OrtCustomOp* Create(OrtApi api, ActivationPrecision? precision, bool isGather)
    {
        var op = (Operator*)NativeMemory.AllocZeroed((nuint)sizeof(Operator));
        op->Api = api;
        op->Precision = (int)(precision ?? 0);
        op->IsGather = isGather;
        op->Callbacks = new OrtCustomOp
        {
            Version = OrtApi.Version,
            GetName = &GetName,
            GetExecutionProviderType = &GetExecutionProviderType,
            GetInputType = &GetInputType,
            GetInputTypeCount = &GetInputTypeCount,
            GetOutputType = &GetOutputType,
            GetOutputTypeCount = &GetOutputTypeCount,
            KernelDestroy = &Destroy,
            GetInputCharacteristic = &GetInputCharacteristic,
            GetOutputCharacteristic = &GetOutputCharacteristic,
            GetInputMemoryType = &GetInputMemoryType,
            GetVariadicInputMinArity = &Zero,
            GetVariadicInputHomogeneity = &Zero,
            GetVariadicOutputMinArity = &Zero,
            GetVariadicOutputHomogeneity = &Zero,
            CreateKernelV2 = &CreateKernel,
            KernelComputeV2 = &Compute,
            InferOutputShape = &InferShape,
            GetStartVersion = &StartVersion,
            GetEndVersion = &EndVersion,
        };
        return &op->Callbacks;
    }

    [UnmanagedCallersOnly]
    private static byte* GetName(OrtCustomOp* op) => ((Operator*)op)->IsGather ? s_gatherName : s_matMulName;

    [UnmanagedCallersOnly]
    private static byte* GetExecutionProviderType(OrtCustomOp* op) => null;

    [UnmanagedCallersOnly]
    private static int GetInputType(OrtCustomOp* op, nuint index) => index switch
    {
        0 => ((Operator*)op)->IsGather ? Int64 : Float,
        2 => Float16,
        4 => Int32,
        5 => Float,
        _ => UInt8,
    };

    [UnmanagedCallersOnly]
    private static nuint GetInputTypeCount(OrtCustomOp* op) => ((Operator*)op)->IsGather ? 5u : 6u;

    [UnmanagedCallersOnly]
    private static int GetOutputType(OrtCustomOp* op, nuint index) => Float;

    [UnmanagedCallersOnly]
    private static nuint GetOutputTypeCount(OrtCustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int GetInputCharacteristic(OrtCustomOp* op, nuint index) => index < 3 ? RequiredInput : OptionalInput;

    [UnmanagedCallersOnly]
    private static int GetOutputCharacteristic(OrtCustomOp* op, nuint index) => RequiredInput;

    [UnmanagedCallersOnly]
    private static int GetInputMemoryType(OrtCustomOp* op, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int Zero(OrtCustomOp* op) => 0;

    [UnmanagedCallersOnly]
    private static int StartVersion(OrtCustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int EndVersion(OrtCustomOp* op) => int.MaxValue;

    // No exception may leave the callbacks: ONNX Runtime turns a status into an exception of its caller's language.
    [UnmanagedCallersOnly]
    private static nint CreateKernel(OrtCustomOp* op, nint apiTable, nint kernelInfo, nint* kernel)
    {
        var self = (Operator*)op;
        try
        {
            OperatorKernel created = self->IsGather
                ? new GatherKernel(self->Api, kernelInfo)
                : new MatMulKernel(self->Api, kernelInfo, self->Precision == 0 ? null : (ActivationPrecision)self->Precision);
            *kernel = GCHandle.ToIntPtr(GCHandle.Alloc(created));
            return 0;
        }
        catch (Exception e)
        {
            return self->Api.CreateStatus(OperatorException.Describe(self->IsGather ? "gptq.Gather" : "gptq.MatMul", e, OperatorException.Node));
        }
    }

    [UnmanagedCallersOnly]
    private static nint Compute(nint kernel, nint context)
    {
        var target = (OperatorKernel)GCHandle.FromIntPtr(kernel).Target!;
        try
        {
            target.Compute(context);
            return 0;
        }
        catch (Exception e)
        {
            return target.Api.CreateStatus(OperatorException.Describe(target.Name, e, OperatorException.Input));
        }
    }

    [UnmanagedCallersOnly]
    private static void Destroy(nint kernel)
    {
        var handle = GCHandle.FromIntPtr(kernel);
        ((OperatorKernel)handle.Target!).Dispose();
        handle.Free();
    }

    [UnmanagedCallersOnly]
    private static nint InferShape(OrtCustomOp* op, nint context)
    {
        var self = (Operator*)op;
        try
        {
            ShapeInference.Infer(self->Api, context, self->IsGather);
            return 0;
        }
        catch (Exception e)
        {
            return self->Api.CreateStatus(e.Message);
        }
    }

    private static byte* Permanent(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text + '\0');
        var memory = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        return memory;
    }

    /// <summary>The callbacks, and behind them what the callbacks need.</summary>
    private struct Operator
    {
        public OrtCustomOp Callbacks;
        public OrtApi Api;
        public int Precision;
        public bool IsGather;
    }
}
