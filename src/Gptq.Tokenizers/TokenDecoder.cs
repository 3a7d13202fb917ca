using System.Buffers;
using System.Text;
using Gptq.Tokenizers.Decoding;

namespace Gptq.Tokenizers;

/// <summary>Turns ids into text one by one, as a model produces them. Not for several threads at once.</summary>
/// <remarks>
/// A character that spans tokens is given out when it is whole, never in halves; bytes that are no UTF-8 become U+FFFD, at the latest in
/// <see cref="Finish"/>.
/// </remarks>
public sealed class TokenDecoder
{
    private readonly Func<int, string?> _tokenOf;
    private readonly DecoderPlan _plan;
    private readonly bool _wholeRuns;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly StringBuilder _text = new();
    private int _stripped;
    private bool _any;

    /// <param name="tokenOf">The token of an id, null where it is to be left out.</param>
    /// <param name="plan">How tokens become text.</param>
    /// <param name="wholeRuns">
    /// Whether bytes wait until their run ends, so that one bad byte makes replacements of all of them, as the reference decoder for byte fallback
    /// does when it sees everything at once.
    /// </param>
    internal TokenDecoder(Func<int, string?> tokenOf, DecoderPlan plan, bool wholeRuns)
    {
        _tokenOf = tokenOf;
        _plan = plan;
        _wholeRuns = wholeRuns;
    }

    /// <summary>Takes the next id.</summary>
    /// <returns>The text that is certain now; often empty.</returns>
    public string Append(int id)
    {
        Push(id);
        return Take();
    }

    /// <summary>Ends the text and starts anew.</summary>
    /// <returns>What was held back: U+FFFD where a character never became whole.</returns>
    public string Finish()
    {
        FlushBytes(final: true);
        var rest = Take();
        (_stripped, _any) = (0, false);
        return rest;
    }

    internal void Push(int id)
    {
        if (_tokenOf(id) is not { } token) return;
        if (_any && _plan.Separator.Length > 0) Emit(_plan.Separator);
        if (!_any && _plan.FirstTokenLoses is { } mark) token = token.Replace(mark, "", StringComparison.Ordinal);
        _any = true;
        if (_plan.ByteLevel)
        {
            PushByteLevel(token);
            return;
        }

        foreach (var (old, replacement) in _plan.Replacements) token = token.Replace(old, replacement, StringComparison.Ordinal);
        if (_plan.ByteFallback && ByteOf(token) is { } value)
        {
            AddByte(value);
            if (!_wholeRuns) FlushBytes(final: false);
            return;
        }

        FlushBytes(final: true);
        Emit(token);
    }

    private void PushByteLevel(string token)
    {
        // A token with a character outside the alphabet is text as it stands.
        var isText = false;
        foreach (var character in token) isText |= !ByteAlphabet.TryGetByte(character, out _);
        if (isText)
            Encoding.UTF8.GetBytes(token, _bytes);
        else
            foreach (var character in token)
                if (ByteAlphabet.TryGetByte(character, out var value)) AddByte(value);
        FlushBytes(final: false);
    }

    private static byte? ByteOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4])
            ? Convert.ToByte(token.Substring(3, 2), 16)
            : null;

    private void AddByte(byte value)
    {
        _bytes.GetSpan(1)[0] = value;
        _bytes.Advance(1);
    }

    /// <summary>Gives out the characters that the bytes make; a beginning of a character stays unless this is the end.</summary>
    private void FlushBytes(bool final)
    {
        var rest = _bytes.WrittenSpan;
        if (rest.IsEmpty) return;
        if (_plan.ByteFallback && _wholeRuns && !System.Text.Unicode.Utf8.IsValid(rest))
        {
            for (var i = 0; i < rest.Length; i++) Emit("\uFFFD");
            rest = [];
        }

        Span<char> characters = stackalloc char[2];
        while (!rest.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var length);
            if (status == OperationStatus.NeedMoreData && !final) break;
            // Bytes of a fallback are one character each where they are bad; in the byte alphabet a bad sequence is one character.
            var replacements = status == OperationStatus.Done || _plan.ByteLevel ? 1 : length;
            for (var i = 0; i < replacements; i++) Emit(characters[..rune.EncodeToUtf16(characters)]);
            rest = rest[length..];
        }

        var kept = rest.ToArray();
        _bytes.ResetWrittenCount();
        _bytes.Write(kept);
    }

    private void Emit(ReadOnlySpan<char> text)
    {
        while (_stripped < _plan.StripAtStart && !text.IsEmpty)
        {
            if (text[0] != _plan.StrippedCharacter)
            {
                _stripped = _plan.StripAtStart;
                break;
            }

            text = text[1..];
            _stripped++;
        }

        _text.Append(text);
    }

    internal string Take()
    {
        if (_text.Length == 0) return "";
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
