import type { ProgramCommand } from '#shared/lifecycle/run-program.ts'

/** The same commands, where each says with `--help` what there is. */
export function withHelp(
  usage: string,
  commands: Readonly<Record<string, ProgramCommand>>,
  out: (text: string) => unknown = (text) => process.stdout.write(text),
): Readonly<Record<string, ProgramCommand>> {
  const helping =
    (command: ProgramCommand): ProgramCommand =>
    async (args) => {
      if (!args.includes('--help') && !args.includes('-h')) return command(args)
      out(usage)
      return 0
    }
  return Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, helping(command)]))
}
