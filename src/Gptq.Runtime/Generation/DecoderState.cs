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
    private readonly OrtIoBinding _binding;
    private readonly OrtValue?[] _inputs;
    private readonly OrtValue?[] _outputs;
    private readonly OrtValue?[] _bound;
    private readonly long[] _tokenShape = [1, 0];
    private readonly long[] _maskShape = [1, 0];
    private readonly long[] _logitsShape = [1, 0, 0];
    private float[] _converted = [];

    /// <param name="session">The model.</param>
    /// <param name="signature">Its inputs and outputs.</param>
    /// <param name="cacheMemory">The device that keeps keys and values; null for the processor's memory.</param>
    public DecoderState(InferenceSession session, DecoderSignature signature, OrtMemoryInfo? cacheMemory = null)
    {
        _session = session;
        _signature = signature;
        _logits = new PinnedBuffer(signature.LogitsType);
        _cache = cacheMemory is null ? KeyValueCache.Create(signature) : new DeviceCache(signature, session, cacheMemory);
        _binding = session.CreateIoBinding();
        _inputs = new OrtValue?[signature.InputNames.Count];
        _outputs = new OrtValue?[signature.OutputNames.Count];
        _bound = new OrtValue?[_inputs.Length + _outputs.Length];
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
        if (_logitsShape[1] != count)
        {
            _logits.Reserve((long)count * _signature.VocabularySize, most: 0);
            _logitsShape[1] = count;
            Replace(ref _outputs[0], _logits.Tensor(_logitsShape));
        }

        _cache.Prepare(Length, total, _inputs.AsSpan(FirstCache), _outputs.AsSpan(1));
        Bind();
        _session.RunWithBinding(options, _binding);
        _cache.Advance();
        Length = total;
        return Logits(count * _signature.VocabularySize);
    }

    public void Dispose()
    {
        _binding.Dispose();
        _cache.Dispose();
        for (var i = 0; i < FirstCache; i++) Replace(ref _inputs[i], null);
        Replace(ref _outputs[0], null);
    }

    private static void Replace(ref OrtValue? place, OrtValue? value)
    {
        place?.Dispose();
        place = value;
    }

    /// <summary>Tells the session of the tensors that are others than in the step before: in a loop, that is the mask alone.</summary>
    private void Bind()
    {
        for (var i = 0; i < _inputs.Length; i++)
        {
            if (ReferenceEquals(_bound[i], _inputs[i])) continue;
            _binding.BindInput(_signature.InputNames[i], _inputs[i]!);
            _bound[i] = _inputs[i];
        }

        for (var i = 0; i < _outputs.Length; i++)
        {
            if (ReferenceEquals(_bound[_inputs.Length + i], _outputs[i])) continue;
            _binding.BindOutput(_signature.OutputNames[i], _outputs[i]!);
            _bound[_inputs.Length + i] = _outputs[i];
        }
    }

    private void BindTokens(ReadOnlySpan<int> tokens)
    {
        var input = 0;
        var isNewCount = _inputs[0] is null || _tokenShape[1] != tokens.Length;
        _tokenShape[1] = tokens.Length;
        _ids.Reserve(tokens.Length, most: 0);
        var ids = _ids.Span<long>();
        for (var i = 0; i < tokens.Length; i++) ids[i] = tokens[i];
        if (isNewCount) Replace(ref _inputs[input], _ids.Tensor(_tokenShape));
        input++;
        if (_signature.TakesMask)
        {
            var total = Length + tokens.Length;
            _mask.Reserve(total, _signature.ContextLength);
            _mask.Span<long>()[..total].Fill(1);
            _maskShape[1] = total;
            Replace(ref _inputs[input++], _mask.Tensor(_maskShape));
        }

        if (_signature.TakesPositions)
        {
            _positions.Reserve(tokens.Length, most: 0);
            var positions = _positions.Span<long>();
            for (var i = 0; i < tokens.Length; i++) positions[i] = Length + i;
            if (isNewCount) Replace(ref _inputs[input], _positions.Tensor(_tokenShape));
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
