using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Generation;

/// <summary>For graphs that write new keys and values behind the old ones, where these stand: nothing is copied, and the tensors stay the same.</summary>
internal sealed class SharedCache(DecoderSignature signature) : KeyValueCache(signature)
{
    private readonly PinnedBuffer[] _buffers = new PinnedBuffer[signature.CacheCount];
    private readonly OrtValue?[] _values = new OrtValue?[signature.CacheCount];
    private int _capacity;

    public override void Prepare(int length, int total, Span<OrtValue?> pasts, Span<OrtValue?> presents)
    {
        if (total > _capacity) Grow(length, total);
        _values.CopyTo(pasts);
        _values.CopyTo(presents);
    }

    public override void Advance()
    {
    }

    public override void Reset()
    {
    }

    public override void Dispose()
    {
        foreach (var value in _values) value?.Dispose();
        Array.Clear(_values);
        _capacity = 0;
    }

    /// <summary>Moves what there is to longer buffers: in each head, the tokens stand one after the other.</summary>
    private void Grow(int length, int total)
    {
        var capacity = Math.Max(total, Math.Min(Math.Max(FirstCapacity, 2 * _capacity), Signature.ContextLength));
        var tokenBytes = Signature.HeadSize * PinnedBuffer.SizeOf(Signature.CacheType);
        for (var i = 0; i < Count; i++)
        {
            var grown = new PinnedBuffer(Signature.CacheType);
            grown.Reserve((long)Signature.KeyValueHeads * capacity * Signature.HeadSize, most: 0);
            for (var head = 0; length > 0 && head < Signature.KeyValueHeads; head++)
            {
                var kept = _buffers[i].Span<byte>().Slice(head * _capacity * tokenBytes, length * tokenBytes);
                kept.CopyTo(grown.Span<byte>()[(head * capacity * tokenBytes)..]);
            }

            _values[i]?.Dispose();
            _values[i] = grown.Tensor(Shape(capacity));
            _buffers[i] = grown;
        }

        _capacity = capacity;
    }
}
