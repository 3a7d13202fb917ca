# Completion of gptq in fish: gptq completion fish > ~/.config/fish/completions/gptq.fish
function __gptq_complete
    set --local line (commandline --cut-at-cursor --current-process | string collect)
    gptq "[suggest:"(string length -- $line)"]" $line 2>/dev/null
end
complete --command gptq --arguments '(__gptq_complete)'
