namespace Gptq.Quantization.Solver;

/// <summary>How codes are chosen.</summary>
public enum SolverMethod
{
    /// <summary>GPTQ (arXiv 2210.17323).</summary>
    Gptq,

    /// <summary>GPTAQ (arXiv 2504.02692): also makes up for what the layers before changed in this layer's input.</summary>
    Gptaq,

    /// <summary>Each weight to the nearest level; needs no Hessian.</summary>
    Rtn,
}
