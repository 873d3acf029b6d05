import type { Check, Scene } from '../check.ts'
import { type Claim, claimsOf } from '../claims.ts'
import { skewFinding } from '../clock.ts'
import { planesOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { authorityOf, ifStranger, type NodeIdentity, readNodeIdentity } from '../node-identity.ts'
import { reach } from '../reach.ts'

const { ok, warning } = finder('plane')

/** Whether the planes of the agents answer; one that is to be started from these very files need not yet. */
export const plane: Check = {
  name: 'plane',
  async examine(scene) {
    const claims = claimsOf(scene.patients)
    const found = await Promise.all(
      scene.patients
        .filter(({ kind }) => kind === 'agent')
        .map(async (agent) => {
          const identity = await readNodeIdentity(agent)
          return Promise.all(planesOf([agent]).map((url) => planeFindings(url, claims, { scene, identity })))
        }),
    )
    // Agents of one host ask the same planes.
    return [...new Map(found.flat(2).map((finding) => [finding.text, finding])).values()]
  },
}

async function planeFindings(
  url: string,
  claims: readonly Claim[],
  { scene, identity }: { readonly scene: Scene; readonly identity: NodeIdentity },
): Promise<readonly Finding[]> {
  const { hostname, port } = new URL(url)
  const isOfThese = claims.some((claim) => claim.who === "the control plane's API" && String(claim.port) === port)
  const isHere = /^(127\.|localhost$|\[::1\]$)/.test(hostname)
  const reached = await reach(scene, {
    ...{ url: `${url.replace(/\/+$/, '')}/health`, ca: authorityOf(identity), ifStranger: ifStranger(identity, url) },
  })
  if (reached.kind === 'failed') {
    if (isOfThese && isHere) return [ok(`the control plane at ${url} is to be started from these files`)]
    const text = `the control plane at ${url} does not answer (step ${reached.step}, ${reached.tookMs} ms): ${reached.why}`
    return [warning(text, `${reached.remedy} Agents work on without it.`)]
  }
  if (!isPlanes(reached.body)) {
    const text = `what answers at ${url} is no control plane: status ${reached.status} for /health`
    return [warning(text, 'Correct `planes`, or start the control plane there.')]
  }
  const skew = skewFinding(url, dateOf(reached.headers), reached.asked)
  return [
    ok(`the control plane at ${url} answers (${reached.tookMs} ms)`),
    ...(reached.certificate === undefined ? [] : [warning(`${url}: ${reached.certificate}`, 'Renew it in time.')]),
    ...(skew ? [skew] : []),
  ]
}

function dateOf({ date }: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  return typeof date === 'string' ? date : undefined
}

/** Whether a health page is that of a control plane: it tells the revision of its fleet, whatever its health. */
function isPlanes(body: string): boolean {
  try {
    const page: unknown = JSON.parse(body)
    return typeof page === 'object' && page !== null && 'revision' in page
  } catch {
    return false
  }
}
