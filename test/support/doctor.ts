import { join } from 'node:path'
import { run } from '#cli/program.ts'
import { capturedTerminal } from './captured-terminal.ts'
import { writeYaml } from './landscape/program.ts'

export type Told = { readonly check: string; readonly level: string; readonly text: string; readonly remedy?: string }

/** What the doctor finds by a configuration, of some checks alone. */
export async function diagnosed(folder: string, config: object, only: string): Promise<readonly Told[]> {
  const file = await writeYaml(join(folder, 'patient.yaml'), config)
  const { terminal, out, err } = capturedTerminal()
  await run(['doctor', file, '--json', '--only', only], terminal)
  if (out() === '') throw new Error(err())
  return JSON.parse(out()).findings
}

/** Those that are not as they should be, a line each. */
export function ills(findings: readonly Told[]): readonly string[] {
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ level, text, remedy }) => `${level}: ${text} → ${remedy}`)
}
