using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Generation;

/// <summary>The keys and values of a text's tokens so far, as the tensors that a step takes in and puts out.</summary>
internal abstract class KeyValueCache(DecoderSignature signature) : IDisposable
{
    /// <summary>Room for tokens to begin with; it doubles from there.</summary>
    protected const int FirstCapacity = 256;

    private readonly long[] _shape = [1, signature.KeyValueHeads, 0, signature.HeadSize];

    protected DecoderSignature Signature { get; } = signature;

    protected int Count => Signature.CacheCount;

    /// <summary>The cache that a graph can use.</summary>
    public static KeyValueCache Create(DecoderSignature signature) => signature.SharesCache ? new SharedCache(signature) : new SteppedCache(signature);

    /// <summary>Gives the tensors of the next step. They stay the cache's.</summary>
    /// <param name="length">How many tokens there are.</param>
    /// <param name="total">How many there will be.</param>
    /// <param name="pasts">Receives what the step takes in.</param>
    /// <param name="presents">Receives where the step writes.</param>
    public abstract void Prepare(int length, int total, Span<OrtValue?> pasts, Span<OrtValue?> presents);

    /// <summary>Makes what the step wrote the past of the next.</summary>
    public abstract void Advance();

    /// <summary>Forgets all tokens; the memory stays.</summary>
    public abstract void Reset();

    public abstract void Dispose();

    /// <summary>[1, heads, tokens, head size]; the same array each time.</summary>
    protected long[] Shape(int tokens)
    {
        _shape[2] = tokens;
        return _shape;
    }
}
