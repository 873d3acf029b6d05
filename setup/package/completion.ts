import type { Command } from 'commander'

/** What bash completes after `heddle`: its commands, and theirs. */
export function completionText(program: Command): string {
  const cases = program.commands
    .filter(({ commands }) => commands.length > 0)
    .map((command) => `    ${command.name()}) words='${names(command)}' ;;`)
  return `_heddle() {
  local words=''
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='${names(program)}'; elif [ "$COMP_CWORD" -gt 2 ]; then words=''; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _heddle heddle
`
}

function names({ commands }: Command): string {
  return commands.map((command) => command.name()).join(' ')
}
