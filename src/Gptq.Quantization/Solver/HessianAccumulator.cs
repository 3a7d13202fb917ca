using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Gptq.Numerics;
using Gptq.Numerics.Dense;
using Gptq.Quantization.Solver.Refinement;

namespace Gptq.Quantization.Solver;

/// <summary>
/// Sums X·Xᵀ over calibration tokens, for X of shape [inFeatures, tokens] (paper, equation 2; reference: gptq.py, add_batch). The factor
/// 2 / samples is left out: a constant changes no code.
/// </summary>
/// <remarks>
/// Products are summed 384 tokens at a time by fused multiply-adds in float32 registers and then added to the float32 sum, so a sum over a
/// million tokens carries some thousands of roundings, about 1e-4 of its value at the worst; the damping is a hundred times that. Sums of
/// separate runs can be merged, written and read. Not for several threads at once: one call uses all of them.
/// </remarks>
public sealed unsafe class HessianAccumulator : IDisposable
{
    private const uint Magic = 0x48515047; // "GPQH"
    private const int Version = 1;
    private const int StepTokens = 384;
    private AlignedBuffer? _sum;
    private AlignedBuffer? _cross;

    /// <summary>Starts with nothing.</summary>
    /// <param name="inFeatures">Columns of the layers that read this input.</param>
    /// <param name="withFloatInputs">Whether the float model's inputs are summed too (GPTAQ).</param>
    public HessianAccumulator(int inFeatures, bool withFloatInputs = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inFeatures);
        InFeatures = inFeatures;
        _sum = new AlignedBuffer(Strips.PaddedRows(inFeatures) * Stride);
        if (withFloatInputs) _cross = new AlignedBuffer(Strips.PaddedRows(inFeatures) * Stride);
    }

    /// <summary>Rows and columns of the Hessian.</summary>
    public int InFeatures { get; }

    /// <summary>Whether the float model's inputs are summed too.</summary>
    public bool HasFloatInputs => _cross is not null;

    /// <summary>Tokens so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Calls of Add so far.</summary>
    public long Samples { get; private set; }

    /// <summary>Where a solver leaves the Hessian for refinement, if that wants it.</summary>
    internal StripHessian? Kept { get; set; }

    /// <summary>Whether a solver has it.</summary>
    internal bool IsTaken => _sum is null;

    private nint Stride => Strips.Stride(InFeatures);

    /// <summary>Adds the tokens of one sample.</summary>
    /// <param name="rows">[tokens, inFeatures], row-major: the layer's input.</param>
    /// <param name="tokens">Rows.</param>
    /// <param name="layer">The layer's name, for messages.</param>
    /// <param name="sample">The sample's name or number, for messages.</param>
    /// <param name="options">Threads and cancellation; by default all processors.</param>
    /// <exception cref="GptqException">GPTQ4002: an input is not a finite number.</exception>
    public void Add(ReadOnlySpan<float> rows, int tokens, string layer, string sample, ParallelOptions? options = null)
    {
        if (HasFloatInputs) throw new InvalidOperationException("This Hessian also wants the float model's inputs.");
        AddRows(rows, tokens, layer, sample, options);
    }

    /// <summary>Adds the tokens of one sample, with the float model's inputs of the same layer (GPTAQ).</summary>
    /// <param name="rows">[tokens, inFeatures], row-major: the layer's input behind quantized layers.</param>
    /// <param name="floatRows">[tokens, inFeatures], row-major: its input in the float model.</param>
    /// <param name="tokens">Rows.</param>
    /// <param name="layer">The layer's name, for messages.</param>
    /// <param name="sample">The sample's name or number, for messages.</param>
    /// <param name="options">Threads and cancellation; by default all processors.</param>
    /// <exception cref="GptqException">GPTQ4002: an input is not a finite number.</exception>
    public void Add(ReadOnlySpan<float> rows, ReadOnlySpan<float> floatRows, int tokens, string layer, string sample, ParallelOptions? options = null)
    {
        if (_cross is null) throw new InvalidOperationException("This Hessian was made without the float model's inputs.");
        RequireRows(floatRows, tokens);
        RequireFinite(floatRows, layer, sample);
        AddRows(rows, tokens, layer, sample, options);
        var difference = new float[Math.Min(tokens, StepTokens) * InFeatures];
        for (var token = 0; token < tokens; token += StepTokens)
        {
            var depth = Math.Min(StepTokens, tokens - token);
            var input = rows.Slice(token * InFeatures, depth * InFeatures);
            var floatInput = floatRows.Slice(token * InFeatures, depth * InFeatures);
            for (var i = 0; i < input.Length; i++) difference[i] = floatInput[i] - input[i];
            Gemm.AddTransposedProduct(difference, input, depth, InFeatures, _cross.Data, Stride, options);
        }
    }

    /// <summary>Adds what another run has summed.</summary>
    /// <param name="other">Of the same width; it stays as it is.</param>
    public void Merge(HessianAccumulator other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.InFeatures != InFeatures || other.HasFloatInputs != HasFloatInputs)
            throw new ArgumentException("The Hessians are not of the same kind.", nameof(other));
        for (var row = 0; row < InFeatures; row++)
        {
            AddTo(Sum(row, row + 1), other.Sum(row, row + 1));
            if (HasFloatInputs) AddTo(Cross(row), other.Cross(row));
        }
        Tokens += other.Tokens;
        Samples += other.Samples;
    }

    /// <summary>A copy, for a Hessian that is to be factorised more than once.</summary>
    public HessianAccumulator Clone()
    {
        var copy = new HessianAccumulator(InFeatures, HasFloatInputs);
        copy.Merge(this);
        return copy;
    }

    /// <summary>Writes sums and counts, little-endian, so that calibration can be resumed.</summary>
    /// <param name="stream">Where to.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> header = stackalloc byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], InFeatures);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], HasFloatInputs ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], Tokens);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], Samples);
        stream.Write(header);
        for (var row = 0; row < InFeatures; row++) Write(stream, Sum(row, row + 1));
        for (var row = 0; HasFloatInputs && row < InFeatures; row++) Write(stream, Cross(row));
    }

    /// <summary>Reads what <see cref="Save"/> has written.</summary>
    /// <param name="stream">Where from.</param>
    /// <exception cref="InvalidDataException">It holds something else, or ends early.</exception>
    public static HessianAccumulator Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> header = stackalloc byte[32];
        ReadExactly(stream, header);
        var inFeatures = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        var kind = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        var tokens = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        var samples = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        var known = BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && BinaryPrimitives.ReadInt32LittleEndian(header[4..]) == Version;
        if (!known || inFeatures <= 0 || kind is not (0 or 1) || tokens < 0 || samples < 0) throw new InvalidDataException("This is not a saved Hessian.");
        if (stream.CanSeek)
        {
            // Before memory is taken for what is not there.
            var values = kind == 0 ? (long)inFeatures * (inFeatures + 1L) / 2 : ((long)inFeatures * (inFeatures + 1L) / 2) + ((long)inFeatures * inFeatures);
            if (stream.Length - stream.Position < values * sizeof(float)) throw new InvalidDataException("The saved Hessian is cut off.");
        }
        var hessian = new HessianAccumulator(inFeatures, kind == 1) { Tokens = tokens, Samples = samples };
        for (var row = 0; row < inFeatures; row++) Read(stream, hessian.Sum(row, row + 1));
        for (var row = 0; kind == 1 && row < inFeatures; row++) Read(stream, hessian.Cross(row));
        return hessian;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sum?.Dispose();
        _cross?.Dispose();
    }

    /// <summary>Row i of the sum up to the diagonal, or a part of it.</summary>
    internal Span<float> Sum(int row, int length) => (_sum ?? throw Taken()).Slice(row * Stride, length);

    /// <summary>Takes rows of a matrix that was summed elsewhere, [rows, inFeatures]; what is right of the diagonal does not count.</summary>
    internal void SetRows(int first, ReadOnlySpan<float> values)
    {
        for (var row = first; values.Length > 0; row++, values = values[InFeatures..]) values[..(row + 1)].CopyTo(Sum(row, row + 1));
    }

    /// <summary>Counts what was summed elsewhere.</summary>
    internal void Count(long tokens, long samples) => (Tokens, Samples) = (Tokens + tokens, Samples + samples);

    /// <summary>Whether all of diag(H) is finite, as it is when all inputs were.</summary>
    internal bool IsFinite()
    {
        for (var i = 0; i < InFeatures; i++)
            if (!float.IsFinite(Sum(i, i + 1)[i])) return false;
        return true;
    }

    /// <summary>Hands the sums over; this accumulator is of no use afterwards.</summary>
    internal (AlignedBuffer Sum, AlignedBuffer? Cross) Take()
    {
        var sum = _sum ?? throw Taken();
        var cross = _cross;
        _sum = null;
        _cross = null;
        return (sum, cross);
    }

    /// <summary>A row of the float inputs' sum.</summary>
    internal Span<float> Cross(int row) => _cross!.Slice(row * Stride, InFeatures);

    private static ObjectDisposedException Taken() => new(nameof(HessianAccumulator), "The Hessian was given to a solver, which has factorised it in place.");

    private void AddRows(ReadOnlySpan<float> rows, int tokens, string layer, string sample, ParallelOptions? options)
    {
        RequireRows(rows, tokens);
        RequireFinite(rows, layer, sample);
        SymmetricUpdate.AddLower(rows, tokens, InFeatures, (_sum ?? throw Taken()).Data, Stride, options);
        Tokens += tokens;
        Samples++;
    }

    private void RequireRows(ReadOnlySpan<float> rows, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (rows.Length != (long)tokens * InFeatures) throw new ArgumentException($"Expected {tokens} rows of {InFeatures} values, got {rows.Length} values.");
    }

    private void RequireFinite(ReadOnlySpan<float> rows, string layer, string sample)
    {
        // 0·x is 0 for every finite x and NaN for the others.
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(rows);
        var sum = Vector<float>.Zero;
        foreach (var vector in vectors) sum += vector * Vector<float>.Zero;
        var rest = rows[(vectors.Length * Vector<float>.Count)..];
        if (Vector.EqualsAll(sum, Vector<float>.Zero) && !rest.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) return;
        var index = 0;
        while (float.IsFinite(rows[index])) index++;
        throw new GptqException("GPTQ4002",
            $"The input of {layer} is {rows[index]} at token {index / InFeatures}, feature {index % InFeatures} of calibration sample {sample}. "
            + "The checkpoint may be damaged, or its activations overflow; check that the float model gives sensible text, or leave this sample out.");
    }

    private static void AddTo(Span<float> sum, ReadOnlySpan<float> other)
    {
        for (var i = 0; i < sum.Length; i++) sum[i] += other[i];
    }

    private static void Write(Stream stream, Span<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

    private static void Read(Stream stream, Span<float> values)
    {
        ReadExactly(stream, MemoryMarshal.AsBytes(values));
        if (BitConverter.IsLittleEndian) return;
        var bits = MemoryMarshal.Cast<float, int>(values);
        BinaryPrimitives.ReverseEndianness(bits, bits);
    }

    private static void ReadExactly(Stream stream, Span<byte> bytes)
    {
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException("The saved Hessian is cut off.", exception);
        }
    }
}
