import { type Process, shownCommand } from '#shared/host/process.ts'
import { readHolders, readListeners } from '#shared/host/read-host.ts'
import type { Check } from '../check.ts'
import { claimsOf } from '../claims.ts'
import { collisionsAmong, collisionsWithListening, type Listening, unusualUses } from '../collisions.ts'
import { finder } from '../finding.ts'
import { type Running, readRunning } from '../running.ts'

const { ok, warning } = finder('ports')

/** Who claims which port, and who holds it. */
export const ports: Check = {
  name: 'ports',
  async examine({ patients }) {
    const claims = claimsOf(patients)
    const listening = await readListening()
    const unseen = warning(
      'what listens on this host cannot be seen: there is no /proc/net/tcp',
      'Look yourself that nobody else has these ports.',
    )
    return [
      ...collisionsAmong(claims),
      ...(listening === undefined ? [unseen] : collisionsWithListening(claims, listening)),
      ...unusualUses(claims),
      ...(claims.length > 0 ? [ok(`${claims.length} claims on ports were compared`)] : []),
    ]
  },
}

async function readListening(): Promise<readonly Listening[] | undefined> {
  const listeners = await readListeners()
  if (listeners === undefined) return undefined
  const [holders, runs] = await Promise.all([readHolders(new Set(listeners.map(({ inode }) => inode))), readRunning()])
  return listeners.map(({ address, port, user, inode }) => ({
    ...{ address, port, user },
    process: holders.get(inode) ?? programOfUser(user, runs),
  }))
}

/**
 * Without root nobody sees what a process of another user holds. Where that user is one that only our programs have, it is theirs; root has
 * many.
 */
function programOfUser(user: number, runs: readonly Running[]): Process | undefined {
  const theirs = runs.filter((one) => one.user === user && user !== 0)
  const [one] = theirs
  if (one === undefined || theirs.length > 1) return undefined
  return { pid: one.pid, name: `heddle-${one.kind}`, command: shownCommand(one.args) }
}
