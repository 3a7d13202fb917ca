using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Runtime.Generation;

/// <summary>One text on its way through a model: the keys and values of its tokens so far. Not for several threads at once.</summary>
/// <remarks>
/// Each key and value has two buffers, and a step reads from one and writes to the other: what a step puts out is what the next one takes in, as
/// the same tensor, and no buffer is allocated while there is room.
/// </remarks>
internal sealed class DecoderState : IDisposable
{
    /// <summary>Room for tokens to begin with; it doubles from there.</summary>
    private const int FirstCapacity = 256;

    private readonly InferenceSession _session;
    private readonly DecoderSignature _signature;
    private readonly PinnedBuffer _ids = new(TensorElementType.Int64);
    private readonly PinnedBuffer _mask = new(TensorElementType.Int64);
    private readonly PinnedBuffer _positions = new(TensorElementType.Int64);
    private readonly PinnedBuffer _logits;
    private readonly PinnedBuffer[] _past;
    private readonly PinnedBuffer[] _present;
    private readonly OrtValue?[] _inputs;
    private readonly OrtValue?[] _outputs;
    private readonly long[] _matrix = [1, 0];
    private readonly long[] _logitsShape = [1, 0, 0];
    private readonly long[] _cacheShape = [1, 0, 0, 0];
    private float[] _converted = [];

    public DecoderState(InferenceSession session, DecoderSignature signature)
    {
        _session = session;
        _signature = signature;
        _logits = new PinnedBuffer(signature.LogitsType);
        _past = [.. Enumerable.Range(0, signature.CacheCount).Select(_ => new PinnedBuffer(signature.CacheType))];
        _present = [.. Enumerable.Range(0, signature.CacheCount).Select(_ => new PinnedBuffer(signature.CacheType))];
        _inputs = new OrtValue?[signature.InputNames.Count];
        _outputs = new OrtValue?[signature.OutputNames.Count];
        (_cacheShape[1], _cacheShape[3]) = (signature.KeyValueHeads, signature.HeadSize);
        _logitsShape[2] = signature.VocabularySize;
    }

    /// <summary>How many tokens went through so far.</summary>
    public int Length { get; private set; }

    private int FirstCache => _inputs.Length - _signature.CacheCount;

    /// <summary>Forgets all tokens; the buffers stay.</summary>
    public void Reset()
    {
        for (var i = FirstCache; i < _inputs.Length; i++) Replace(ref _inputs[i], null);
        Length = 0;
    }

    /// <summary>Puts tokens through the model, after those so far.</summary>
    /// <returns>Their logits, [tokens, vocabulary]: valid until the next call, and the caller's to change.</returns>
    public Span<float> Append(ReadOnlySpan<int> tokens, RunOptions options)
    {
        var (count, total) = (tokens.Length, Length + tokens.Length);
        BindTokens(tokens);
        _logits.Reserve((long)count * _signature.VocabularySize, most: 0);
        _logitsShape[1] = count;
        Replace(ref _outputs[0], _logits.Tensor(_logitsShape));
        BindCaches(total);
        _session.Run(options, _signature.InputNames, _inputs!, _signature.OutputNames, _outputs!);
        for (var i = 0; i < _signature.CacheCount; i++)
        {
            Replace(ref _inputs[FirstCache + i], _outputs[1 + i]);
            _outputs[1 + i] = null;
            (_past[i], _present[i]) = (_present[i], _past[i]);
        }

        Length = total;
        return Logits(count * _signature.VocabularySize);
    }

    public void Dispose()
    {
        foreach (var value in _inputs) value?.Dispose();
        foreach (var value in _outputs) value?.Dispose();
        Array.Clear(_inputs);
        Array.Clear(_outputs);
    }

    private static void Replace(ref OrtValue? place, OrtValue? value)
    {
        place?.Dispose();
        place = value;
    }

    private void BindTokens(ReadOnlySpan<int> tokens)
    {
        var input = 0;
        _ids.Reserve(tokens.Length, most: 0);
        var ids = _ids.Span<long>();
        for (var i = 0; i < tokens.Length; i++) ids[i] = tokens[i];
        _matrix[1] = tokens.Length;
        Replace(ref _inputs[input++], _ids.Tensor(_matrix));
        if (_signature.TakesMask)
        {
            var total = Length + tokens.Length;
            _mask.Reserve(total, _signature.ContextLength);
            _mask.Span<long>()[..total].Fill(1);
            _matrix[1] = total;
            Replace(ref _inputs[input++], _mask.Tensor(_matrix));
        }

        if (_signature.TakesPositions)
        {
            _positions.Reserve(tokens.Length, most: 0);
            var positions = _positions.Span<long>();
            for (var i = 0; i < tokens.Length; i++) positions[i] = Length + i;
            _matrix[1] = tokens.Length;
            Replace(ref _inputs[input], _positions.Tensor(_matrix));
        }
    }

    private void BindCaches(int total)
    {
        var perToken = (long)_signature.KeyValueHeads * _signature.HeadSize;
        for (var i = 0; i < _signature.CacheCount; i++)
        {
            _cacheShape[2] = Length;
            _inputs[FirstCache + i] ??= _past[i].Tensor(_cacheShape);
            _cacheShape[2] = total;
            _present[i].Reserve(Math.Max(total, FirstCapacity) * perToken, _signature.ContextLength * perToken);
            Replace(ref _outputs[1 + i], _present[i].Tensor(_cacheShape));
        }
    }

    private Span<float> Logits(int count)
    {
        if (_signature.LogitsType == TensorElementType.Float) return _logits.Span<float>()[..count];
        if (_converted.Length < count) _converted = new float[count];
        var halves = _logits.Span<Half>();
        for (var i = 0; i < count; i++) _converted[i] = (float)halves[i];
        return _converted.AsSpan(0, count);
    }
}
