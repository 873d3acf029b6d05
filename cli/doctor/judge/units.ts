import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('units')

/** What `systemctl show` says of a unit, by its properties. */
export type Unit = Readonly<Record<string, string>>

/** The properties in a text as `systemctl show` prints it, a block a unit. */
export function unitsIn(text: string): readonly Unit[] {
  return text
    .split(/\n\n+/)
    .map((block) =>
      Object.fromEntries(
        block.split('\n').flatMap((line) => {
          const at = line.indexOf('=')
          return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : []
        }),
      ),
    )
    .filter(({ Id }) => Id !== undefined)
}

/** What is to be said of a unit that is to run here. */
export function unitFinding({ Id = '?', LoadState, ActiveState, UnitFileState, Result }: Unit): Finding {
  if (LoadState === 'not-found')
    return warning(`there is no unit ${Id}`, 'Install the package, or ignore this if something else starts it.')
  if (ActiveState === 'failed')
    return error(`${Id} has failed (${Result})`, `journalctl -u ${Id} -n 50 says why; then systemctl restart ${Id}`)
  if (ActiveState !== 'active') return warning(`${Id} is ${ActiveState}`, `systemctl start ${Id}`)
  if (UnitFileState === 'disabled')
    return warning(`${Id} runs, but is not started with the machine`, `systemctl enable ${Id}`)
  return ok(`${Id} is ${ActiveState} and ${UnitFileState}`)
}
