using System.Runtime.InteropServices;
using System.Text;

namespace Gptq.Runtime.Operators;

/// <summary>
/// The few functions of ONNX Runtime's C interface that an operator needs. The interface is one table of function pointers that only
/// ever grows, so a function's place in it is part of the ABI; the numbers below are those places (onnxruntime_c_api.h, version 18 on).
/// Every function that returns a status returns null for success.
/// </summary>
internal readonly unsafe struct OrtApi
{
    /// <summary>The version of the table that this code was written against: ONNX Runtime 1.18 and every later one offers it.</summary>
    public const uint Version = 18;

    private readonly nint* _table;

    /// <summary>Takes the table from the entry point of a loaded ONNX Runtime.</summary>
    /// <param name="apiBase">OrtApiBase: GetApi, GetVersionString.</param>
    /// <exception cref="NotSupportedException">That ONNX Runtime is too old.</exception>
    public OrtApi(nint* apiBase)
    {
        _table = Table(apiBase, Version);
        if (_table is null)
        {
            var version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)apiBase[1])());
            throw new NotSupportedException($"GPTQ6022: The gptq operators need ONNX Runtime 1.{Version} or newer; this is {version}.");
        }
    }

    private OrtApi(nint* apiBase, uint version) => _table = Table(apiBase, version);

    /// <summary>The first version's table, which every ONNX Runtime has: enough for <see cref="CreateStatus"/>.</summary>
    public static OrtApi Oldest(nint* apiBase) => new(apiBase, 1);

    public nint CreateStatus(string message)
    {
        const int Fail = 1;
        fixed (byte* text = Utf8(message))
        {
            return ((delegate* unmanaged<int, byte*, nint>)_table[0])(Fail, text);
        }
    }

    /// <summary>Throws what a status says, and releases it.</summary>
    public void Check(nint status)
    {
        if (status == 0)
        {
            return;
        }

        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)_table[2])(status));
        ReleaseStatus(status);
        throw new InvalidOperationException(message);
    }

    /// <summary>Whether a status is success; releases it.</summary>
    public bool Succeeded(nint status)
    {
        if (status == 0)
        {
            return true;
        }

        ReleaseStatus(status);
        return false;
    }

    public nint CreateCustomOpDomain(string name)
    {
        nint domain;
        fixed (byte* text = Utf8(name))
        {
            Check(((delegate* unmanaged<byte*, nint*, nint>)_table[26])(text, &domain));
        }

        return domain;
    }

    public void AddOperator(nint domain, OrtCustomOp* op) => Check(((delegate* unmanaged<nint, OrtCustomOp*, nint>)_table[27])(domain, op));

    public void AddDomain(nint sessionOptions, nint domain) => Check(((delegate* unmanaged<nint, nint, nint>)_table[28])(sessionOptions, domain));

    public void* TensorData(nint value)
    {
        void* data;
        Check(((delegate* unmanaged<nint, void**, nint>)_table[51])(value, &data));
        return data;
    }

    /// <summary>A tensor's extents.</summary>
    public long[] Shape(nint value)
    {
        nint info;
        Check(((delegate* unmanaged<nint, nint*, nint>)_table[65])(value, &info));
        try
        {
            return Dimensions(info);
        }
        finally
        {
            ReleaseTypeAndShape(info);
        }
    }

    public long[] Dimensions(nint typeAndShape)
    {
        nuint count;
        Check(((delegate* unmanaged<nint, nuint*, nint>)_table[61])(typeAndShape, &count));
        var shape = new long[count];
        fixed (long* extents = shape)
        {
            Check(((delegate* unmanaged<nint, long*, nuint, nint>)_table[62])(typeAndShape, extents, count));
        }

        return shape;
    }

    /// <summary>The names of extents that are known only when the graph runs; null for those that are known.</summary>
    public nint[] SymbolicDimensions(nint typeAndShape, int count)
    {
        var names = new nint[count];
        fixed (nint* pointers = names)
        {
            Check(((delegate* unmanaged<nint, nint*, nuint, nint>)_table[63])(typeAndShape, pointers, (nuint)count));
        }

        return names;
    }

    public nint CreateTypeAndShape(int elementType, long[] shape, nint[] names)
    {
        nint info;
        Check(((delegate* unmanaged<nint*, nint>)_table[57])(&info));
        Check(((delegate* unmanaged<nint, int, nint>)_table[58])(info, elementType));
        fixed (long* extents = shape)
        fixed (nint* pointers = names)
        {
            Check(((delegate* unmanaged<nint, long*, nuint, nint>)_table[59])(info, extents, (nuint)shape.Length));
            Check(((delegate* unmanaged<nint, nint*, nuint, nint>)_table[271])(info, pointers, (nuint)names.Length));
        }

        return info;
    }

    public void ReleaseTypeAndShape(nint info) => ((delegate* unmanaged<nint, void>)_table[99])(info);

    /// <summary>A whole-number attribute of the node, or null when the node has none of that name.</summary>
    public long? Attribute(nint kernelInfo, string name)
    {
        long value;
        fixed (byte* text = Utf8(name))
        {
            return Succeeded(((delegate* unmanaged<nint, byte*, long*, nint>)_table[86])(kernelInfo, text, &value)) ? value : null;
        }
    }

    /// <summary>The node's constant input, 0 when that input is left out.</summary>
    /// <exception cref="OperatorException">The input is there and not constant.</exception>
    public nint ConstantInput(nint kernelInfo, int index)
    {
        nuint count;
        Check(((delegate* unmanaged<nint, nuint*, nint>)_table[230])(kernelInfo, &count));
        if ((nuint)index >= count)
        {
            return 0;
        }

        int isConstant;
        nint value;
        Check(((delegate* unmanaged<nint, nuint, int*, nint*, nint>)_table[249])(kernelInfo, (nuint)index, &isConstant, &value));
        if (isConstant != 0)
        {
            return value;
        }

        // An input that is left out has an empty name, whose size counts its terminator.
        nuint nameSize;
        Check(((delegate* unmanaged<nint, nuint, byte*, nuint*, nint>)_table[232])(kernelInfo, (nuint)index, null, &nameSize));
        return nameSize <= 1 ? 0 : throw new OperatorException(OperatorException.Node, $"Input {index} must be an initializer of the model.");
    }

    public nint Input(nint context, int index)
    {
        nint value;
        Check(((delegate* unmanaged<nint, nuint, nint*, nint>)_table[90])(context, (nuint)index, &value));
        return value;
    }

    public nint Output(nint context, ReadOnlySpan<long> shape)
    {
        nint value;
        fixed (long* extents = shape)
        {
            Check(((delegate* unmanaged<nint, nuint, long*, nuint, nint*, nint>)_table[91])(context, 0, extents, (nuint)shape.Length, &value));
        }

        return value;
    }

    /// <summary>Runs <paramref name="body"/> for 0 … <paramref name="count"/> − 1 on the session's threads.</summary>
    public void ParallelFor(nint context, delegate* unmanaged<void*, nuint, void> body, int count, void* state) =>
        Check(((delegate* unmanaged<nint, delegate* unmanaged<void*, nuint, void>, nuint, nuint, void*, nint>)_table[274])(
            context, body, (nuint)count, 0, state));

    /// <summary>The type and shape of an input while shapes are inferred, 0 when they are not known.</summary>
    public nint InputTypeAndShape(nint inferContext, int index)
    {
        nint info;
        return Succeeded(((delegate* unmanaged<nint, nuint, nint*, nint>)_table[268])(inferContext, (nuint)index, &info)) ? info : 0;
    }

    /// <summary>A whole-number attribute while shapes are inferred.</summary>
    public long? InferredAttribute(nint inferContext, string name)
    {
        nint attribute;
        fixed (byte* text = Utf8(name))
        {
            if (!Succeeded(((delegate* unmanaged<nint, byte*, nint*, nint>)_table[269])(inferContext, text, &attribute)))
            {
                return null;
            }
        }

        const int WholeNumber = 1;
        long value;
        nuint size;
        return Succeeded(((delegate* unmanaged<nint, int, void*, nuint, nuint*, nint>)_table[272])(
            attribute, WholeNumber, &value, sizeof(long), &size))
            ? value
            : null;
    }

    public void SetOutputTypeAndShape(nint inferContext, nint info) =>
        Check(((delegate* unmanaged<nint, nuint, nint, nint>)_table[270])(inferContext, 0, info));

    private static nint* Table(nint* apiBase, uint version) => ((delegate* unmanaged<uint, nint*>)apiBase[0])(version);

    private void ReleaseStatus(nint status) => ((delegate* unmanaged<nint, void>)_table[93])(status);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
