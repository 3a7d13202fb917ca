namespace Gptq.Build.Tasks;

/// <summary>A mistake in a project file, with its diagnostic code; the task that catches it adds the item's file and line.</summary>
internal sealed class MetadataException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="code">The diagnostic code, GPTQ10nn.</param>
    /// <param name="message">What is wrong and what to write instead.</param>
    public MetadataException(string code, string message) : base(message)
    {
        Code = code;
    }

    /// <summary>The diagnostic code, GPTQ10nn.</summary>
    public string Code { get; }
}
