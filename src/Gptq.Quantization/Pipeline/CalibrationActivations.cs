using Gptq.Quantization.Calibration;

namespace Gptq.Quantization.Pipeline;

/// <summary>The hidden states of all calibration sequences between two blocks: the one thing that grows with the calibration, not with the model.</summary>
internal sealed class CalibrationActivations
{
    // A batch is about this long; attention needs memory for the square of a sequence's length, so long sequences run alone.
    private const int TokensPerBatch = 2048;

    private readonly float[][] _batches;

    private CalibrationActivations(TokenBatch shape, int sequences, int hidden, float[][] batches)
    {
        Shape = shape;
        Sequences = sequences;
        Hidden = hidden;
        _batches = batches;
    }

    /// <summary>The extents of a batch; the last one may hold fewer sequences.</summary>
    public TokenBatch Shape { get; }

    public int Sequences { get; }

    public int Hidden { get; }

    public int BatchCount => _batches.Length;

    /// <summary>Runs the embedding over token sequences of one length.</summary>
    public static CalibrationActivations Embed(ModelPart embedding, IReadOnlyList<int[]> sequences, CancellationToken cancellation, int tokensPerBatch = TokensPerBatch)
    {
        var length = sequences[0].Length;
        var shape = new TokenBatch(Math.Clamp(tokensPerBatch / length, 1, sequences.Count), length);
        var batches = new float[(sequences.Count + shape.Count - 1) / shape.Count][];
        var activations = new CalibrationActivations(shape, sequences.Count, embedding.OutputFeatures, batches);
        for (var index = 0; index < batches.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = activations.BatchShape(index);
            var ids = sequences.Skip(index * shape.Count).Take(batch.Count).SelectMany(sequence => sequence, (_, id) => (long)id).ToArray();
            batches[index] = new float[batch.Tokens * embedding.OutputFeatures];
            embedding.RunEmbedding(batch, ids, batches[index]);
        }
        return activations;
    }

    public TokenBatch BatchShape(int index) => new(Math.Min(Shape.Count, Sequences - (index * Shape.Count)), Shape.Length);

    /// <summary>[sequences, length, hidden] of a batch.</summary>
    public float[] this[int index] => _batches[index];

    /// <summary>Exchanges a batch for another of the same extents.</summary>
    public void Replace(int index, float[] hidden) => _batches[index] = hidden;

    /// <summary>The number of the first sequence of a batch, for messages.</summary>
    public int FirstSequence(int index) => index * Shape.Count;

    /// <summary>Replaces every batch by a block's output for it.</summary>
    public void Advance(ModelPart block, CancellationToken cancellation)
    {
        // One batch beside them all: each output takes the place of its input, whose memory the next output uses.
        var spare = new float[_batches[0].Length];
        for (var index = 0; index < _batches.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var input = _batches[index];
            var output = spare.Length == input.Length ? spare : new float[input.Length];
            block.RunBlock(BatchShape(index), input, output);
            _batches[index] = output;
            spare = input;
        }
    }

    /// <summary>A block's output for every batch, which stays.</summary>
    public CalibrationActivations Behind(ModelPart block, CancellationToken cancellation)
    {
        var outputs = new float[_batches.Length][];
        for (var index = 0; index < _batches.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            outputs[index] = new float[_batches[index].Length];
            block.RunBlock(BatchShape(index), _batches[index], outputs[index]);
        }
        return new CalibrationActivations(Shape, Sequences, Hidden, outputs);
    }

    public void Write(Stream stream)
    {
        foreach (var batch in _batches)
        {
            for (var start = 0; start < batch.Length; start += 1 << 20)
                stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(batch.AsSpan(start, Math.Min(1 << 20, batch.Length - start))));
        }
    }

    /// <summary>Takes the hidden states that <see cref="Write"/> wrote.</summary>
    public void Read(Stream stream)
    {
        foreach (var batch in _batches)
        {
            for (var start = 0; start < batch.Length; start += 1 << 20)
                stream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(batch.AsSpan(start, Math.Min(1 << 20, batch.Length - start))));
        }
    }
}
