using Gptq.GpuCheck;
using Gptq.Quantization;

try
{
    return await CheckCommand.Create(Console.Out).Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}
catch (GptqException exception)
{
    await Console.Error.WriteLineAsync($"gpu-check : error {exception.Code}: {exception.Message}");
    return 1;
}
