using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Runtime.Generation;

/// <summary>One text on its way through a model. Not for several threads at once. No buffer is allocated while there is room.</summary>
internal sealed class DecoderState : IDisposable
{
    private readonly InferenceSession _session;
    private readonly DecoderSignature _signature;
    private readonly PinnedBuffer _ids = new(TensorElementType.Int64);
    private readonly PinnedBuffer _mask = new(TensorElementType.Int64);
    private readonly PinnedBuffer _positions = new(TensorElementType.Int64);
    private readonly PinnedBuffer _logits;
    private readonly KeyValueCache _cache;
    private readonly OrtValue?[] _inputs;
    private readonly OrtValue?[] _outputs;
    private readonly long[] _matrix = [1, 0];
    private readonly long[] _logitsShape = [1, 0, 0];
    private float[] _converted = [];

    public DecoderState(InferenceSession session, DecoderSignature signature)
    {
        _session = session;
        _signature = signature;
        _logits = new PinnedBuffer(signature.LogitsType);
        _cache = KeyValueCache.Create(signature);
        _inputs = new OrtValue?[signature.InputNames.Count];
        _outputs = new OrtValue?[signature.OutputNames.Count];
        _logitsShape[2] = signature.VocabularySize;
    }

    /// <summary>How many tokens went through so far.</summary>
    public int Length { get; private set; }

    private int FirstCache => _inputs.Length - _signature.CacheCount;

    /// <summary>Forgets all tokens; the buffers stay.</summary>
    public void Reset()
    {
        _cache.Reset();
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
        _cache.Prepare(Length, total, _inputs.AsSpan(FirstCache), _outputs.AsSpan(1));
        _session.Run(options, _signature.InputNames, _inputs!, _signature.OutputNames, _outputs!);
        _cache.Advance();
        Length = total;
        return Logits(count * _signature.VocabularySize);
    }

    public void Dispose()
    {
        _cache.Dispose();
        for (var i = 0; i < FirstCache; i++) Replace(ref _inputs[i], null);
        Replace(ref _outputs[0], null);
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

    private Span<float> Logits(int count)
    {
        if (_signature.LogitsType == TensorElementType.Float) return _logits.Span<float>()[..count];
        if (_converted.Length < count) _converted = new float[count];
        var halves = _logits.Span<Half>();
        for (var i = 0; i < count; i++) _converted[i] = (float)halves[i];
        return _converted.AsSpan(0, count);
    }
}
