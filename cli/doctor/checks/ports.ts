import { placesOf } from '#shared/host/listeners.ts'
import { readHolders, readListeners } from '#shared/host/read-host.ts'
import type { Check } from '../check.ts'
import { claimsOf } from '../claims.ts'
import { collisionsAmong, collisionsWithListening, type Listening, unusualUses } from '../collisions.ts'
import { finder } from '../finding.ts'

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
  const places = placesOf(listeners)
  const holders = await readHolders(new Set(places.flatMap(({ inodes }) => inodes)))
  return places.map((place) => ({
    place,
    process: place.inodes.map((inode) => holders.get(inode)).find((process) => process !== undefined),
  }))
}
