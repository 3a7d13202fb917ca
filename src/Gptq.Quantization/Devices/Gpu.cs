namespace Gptq.Quantization.Devices;

/// <summary>A CUDA device.</summary>
/// <param name="Index">Its number, as in <c>cuda:0</c>.</param>
/// <param name="Name">Its name, such as NVIDIA H200.</param>
/// <param name="TotalBytes">Its memory.</param>
/// <param name="FreeBytes">What nobody uses of it.</param>
public sealed record Gpu(int Index, string Name, long TotalBytes, long FreeBytes);
