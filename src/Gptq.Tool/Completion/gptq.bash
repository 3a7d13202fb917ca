# Completion of gptq in bash. In ~/.bashrc: source <(gptq completion bash)
_gptq() {
  # The tool parses the line itself; however it was called there, it is named gptq here.
  local line="gptq${COMP_LINE#"${COMP_WORDS[0]}"}"
  local point=$((COMP_POINT + ${#line} - ${#COMP_LINE}))
  local word="${COMP_WORDS[COMP_CWORD]}"
  # Options only for those who begin one: every command has some.
  local unwanted='[-/]*'
  if [[ $word == -* ]]; then unwanted=''; fi
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$point]" "$line" 2>/dev/null)" -X "$unwanted" -- "$word"))
}
# Where there is no word to suggest, it is a file.
complete -o default -F _gptq gptq
