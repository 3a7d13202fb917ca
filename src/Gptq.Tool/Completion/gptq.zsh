# Completion of gptq in zsh. In ~/.zshrc, after compinit: source <(gptq completion zsh)
_gptq() {
  local -a found
  found=(${(f)"$(gptq "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _gptq gptq
