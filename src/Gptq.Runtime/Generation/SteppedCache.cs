using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Generation;

/// <summary>
/// For graphs that put out a longer copy of what they take in: each key and value has two buffers, and a step reads from one and writes to the
/// other. What a step puts out is what the next one takes in, as the same tensor.
/// </summary>
internal sealed class SteppedCache : KeyValueCache
{
    private readonly PinnedBuffer[] _past;
    private readonly PinnedBuffer[] _present;
    private readonly OrtValue?[] _pastValues;
    private readonly OrtValue?[] _presentValues;

    public SteppedCache(DecoderSignature signature)
        : base(signature)
    {
        _past = [.. Enumerable.Range(0, Count).Select(_ => new PinnedBuffer(signature.CacheType))];
        _present = [.. Enumerable.Range(0, Count).Select(_ => new PinnedBuffer(signature.CacheType))];
        _pastValues = new OrtValue?[Count];
        _presentValues = new OrtValue?[Count];
    }

    public override void Prepare(int length, int total, Span<OrtValue?> pasts, Span<OrtValue?> presents)
    {
        var perToken = (long)Signature.KeyValueHeads * Signature.HeadSize;
        for (var i = 0; i < Count; i++)
        {
            _pastValues[i] ??= _past[i].Tensor(Shape(length));
            _present[i].Reserve(Math.Max(total, FirstCapacity) * perToken, Signature.ContextLength * perToken);
            _presentValues[i]?.Dispose();
            _presentValues[i] = _present[i].Tensor(Shape(total));
        }

        _pastValues.CopyTo(pasts);
        _presentValues.CopyTo(presents);
    }

    public override void Advance()
    {
        for (var i = 0; i < Count; i++)
        {
            _pastValues[i]?.Dispose();
            (_pastValues[i], _presentValues[i]) = (_presentValues[i], null);
            (_past[i], _present[i]) = (_present[i], _past[i]);
        }
    }

    public override void Reset()
    {
        foreach (var value in _pastValues) value?.Dispose();
        foreach (var value in _presentValues) value?.Dispose();
        Array.Clear(_pastValues);
        Array.Clear(_presentValues);
    }

    public override void Dispose() => Reset();
}
