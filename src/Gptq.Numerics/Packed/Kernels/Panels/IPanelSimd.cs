namespace Gptq.Numerics.Packed.Kernels.Panels;

/// <summary>What panels need of an instruction set beyond <see cref="ISimd{TByte, TInt, TFloat}"/>.</summary>
internal unsafe interface IPanelSimd<TByte, TInt, TFloat> : ISimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
{
    static abstract void Store(byte* destination, TByte value);

    static abstract TFloat Load(float* source);

    /// <summary>Bytes 0 and 2 of each row's word as int16, less the row's zero point.</summary>
    static abstract TByte EvenWords(TByte codes, TInt zero);

    /// <summary>Bytes 1 and 3 of each row's word as int16, less the row's zero point.</summary>
    static abstract TByte OddWords(TByte codes, TInt zero);

    /// <summary>Two int16 in every row's word.</summary>
    static abstract TByte FillPair(short* source);

    /// <summary>sum + words[0] · pair[0] + words[1] · pair[1] in each row.</summary>
    static abstract TInt MultiplyAddWords(TInt sum, TByte words, TByte pair);

    /// <summary>Four int8 in every row's word.</summary>
    static abstract TByte FillFour(sbyte* source);

    /// <summary>Adds four columns of codes up to 15, at most eight times before <see cref="FinishBytes"/>.</summary>
    static abstract TInt AddBytes(TInt partial, TByte codes, TByte four);

    /// <summary>The sum that <see cref="AddBytes"/> added up.</summary>
    static abstract TInt FinishBytes(TInt partial);
}
