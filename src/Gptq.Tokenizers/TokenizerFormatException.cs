namespace Gptq.Tokenizers;

/// <summary>A tokenizer's file is missing, damaged, or asks for something that is not supported.</summary>
public sealed class TokenizerFormatException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="file">The file at fault, or the folder where it was looked for.</param>
    /// <param name="reason">What is wrong with it, as a full sentence.</param>
    /// <param name="inner">What caused it.</param>
    public TokenizerFormatException(string file, string reason, Exception? inner = null)
        : base($"{file}: {reason}", inner)
    {
        File = file;
        Reason = reason;
    }

    /// <summary>The file at fault, or the folder where it was looked for.</summary>
    public string File { get; }

    /// <summary>What is wrong with it, as a full sentence.</summary>
    public string Reason { get; }
}
