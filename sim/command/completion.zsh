#compdef dske
_dske() {
  local -a choices
  local -a before=("${words[@]:0:$((CURRENT-1))}")
  [[ "${words[CURRENT]}" == -* ]] && before+=("${words[CURRENT]}")
  choices=("${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "${before[@]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n "${choices[1]}" ]]; then
    _describe 'choice' choices
  else
    _files
  fi
}
compdef _dske dske
