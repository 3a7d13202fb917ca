using System.Text;

namespace Gptq.Tokenizers.Loading;

/// <summary>What a tokenizer.model holds: SentencePiece's ModelProto, as far as it matters here.</summary>
internal sealed class SentencePieceModel
{
    /// <summary>What a piece is for; the numbers are the file's.</summary>
    public enum PieceKind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    public List<(string Text, float Score, PieceKind Kind)> Pieces { get; } = [];

    /// <summary>1 Unigram, 2 BPE; 3 and 4 (words, characters) are no language model's.</summary>
    public ulong ModelType { get; private set; } = 1;

    public bool ByteFallback { get; private set; }

    public byte[] CharsMap { get; private set; } = [];

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public bool EscapeWhitespaces { get; private set; } = true;

    /// <exception cref="InvalidDataException">The data is damaged.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> data)
    {
        var model = new SentencePieceModel();
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    model.Pieces.Add(ParsePiece(reader.Bytes));
                    break;
                case 2:
                    model.ParseTrainer(reader.Bytes);
                    break;
                case 3:
                    model.ParseNormalizer(reader.Bytes);
                    break;
            }
        }

        return model;
    }

    private static (string Text, float Score, PieceKind Kind) ParsePiece(ReadOnlySpan<byte> data)
    {
        var (text, score, kind) = ("", 0f, PieceKind.Normal);
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Field == 1) text = Encoding.UTF8.GetString(reader.Bytes);
            else if (reader.Field == 2) score = reader.Single;
            else if (reader.Field == 3) kind = (PieceKind)reader.Number;
        }

        return float.IsNaN(score) ? throw new InvalidDataException($"The piece {text} has no score.") : (text, score, kind);
    }

    private void ParseTrainer(ReadOnlySpan<byte> data)
    {
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Field == 3) ModelType = reader.Number;
            else if (reader.Field == 35) ByteFallback = reader.Number != 0;
        }
    }

    private void ParseNormalizer(ReadOnlySpan<byte> data)
    {
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Field == 2) CharsMap = reader.Bytes.ToArray();
            else if (reader.Field == 3) AddDummyPrefix = reader.Number != 0;
            else if (reader.Field == 4) RemoveExtraWhitespaces = reader.Number != 0;
            else if (reader.Field == 5) EscapeWhitespaces = reader.Number != 0;
        }
    }
}
