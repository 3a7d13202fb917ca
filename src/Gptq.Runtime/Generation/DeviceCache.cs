using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Generation;

/// <summary>
/// Keys and values in a device's memory, where a step leaves them for the next one. Graphs that write in place get room for the whole
/// context at once; for others each step's tensors are the next one's past.
/// </summary>
internal sealed class DeviceCache : KeyValueCache
{
    private readonly OrtAllocator _allocator;
    private readonly OrtValue?[] _pasts;
    private readonly OrtValue?[] _presents;

    public DeviceCache(DecoderSignature signature, InferenceSession session, OrtMemoryInfo memory)
        : base(signature)
    {
        _allocator = new OrtAllocator(session, memory);
        _pasts = new OrtValue?[Count];
        _presents = new OrtValue?[Count];
    }

    public override void Prepare(int length, int total, Span<OrtValue?> pasts, Span<OrtValue?> presents)
    {
        for (var i = 0; i < Count; i++)
        {
            if (Signature.SharesCache)
            {
                _pasts[i] ??= Allocate(Signature.ContextLength);
                continue;
            }
            _pasts[i] ??= Allocate(length);
            _presents[i]?.Dispose();
            _presents[i] = Allocate(total);
        }

        _pasts.CopyTo(pasts);
        (Signature.SharesCache ? _pasts : _presents).CopyTo(presents);
    }

    public override void Advance()
    {
        if (Signature.SharesCache) return;
        for (var i = 0; i < Count; i++)
        {
            _pasts[i]?.Dispose();
            (_pasts[i], _presents[i]) = (_presents[i], null);
        }
    }

    public override void Reset()
    {
        if (!Signature.SharesCache) Free();
    }

    public override void Dispose()
    {
        Free();
        _allocator.Dispose();
    }

    private OrtValue Allocate(int tokens) => OrtValue.CreateAllocatedTensorValue(_allocator, Signature.CacheType, Shape(tokens));

    private void Free()
    {
        foreach (var value in _pasts) value?.Dispose();
        foreach (var value in _presents) value?.Dispose();
        Array.Clear(_pasts);
        Array.Clear(_presents);
    }
}
