import { execFile } from 'node:child_process'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import type { Check } from '../check.ts'
import { isThere } from '../folders.ts'
import { unitFinding, unitsIn } from '../judge/units.ts'

/** The units of what is to run here, where systemd does. */
export const units: Check = {
  name: 'units',
  async examine({ patients, stop, answerWithinMs }) {
    const kinds = new Set(patients.map(({ kind }) => kind).filter((kind) => kind !== 'routes'))
    if (kinds.size === 0 || !(await isThere('/run/systemd/system'))) return []
    const names = [...kinds].map((kind) => `heddle-${kind}.service`)
    const args = ['show', '--property=Id,LoadState,ActiveState,UnitFileState,Result', ...names]
    const text = await new Promise<string>((done) => {
      execFile('systemctl', args, { env: cleanEnvironment(), signal: stop, timeout: answerWithinMs }, (_, out) =>
        done(out),
      )
    })
    return unitsIn(text).map(unitFinding)
  },
}
