import type { Check, Scene } from '../check.ts'
import { skewFinding } from '../clock.ts'
import { type Endpoint, providersOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { reach } from '../reach.ts'

const { ok, warning, error } = finder('providers')

/** Zervi and the OIDC provider: whether they answer, and prove who they are. No token is sent. */
export const providers: Check = {
  name: 'providers',
  async examine(scene) {
    const found = await Promise.all(providersOf(scene.patients).map((one) => providerFindings(one, scene)))
    return found.flat()
  },
}

async function providerFindings({ what, url, caFile }: Endpoint, scene: Scene): Promise<readonly Finding[]> {
  const reached = await reach(scene, { url, caFile })
  if (reached.kind === 'failed') {
    return [
      error(`${what} cannot be reached (step ${reached.step}, ${reached.tookMs} ms): ${reached.why}`, reached.remedy),
    ]
  }
  const skew = skewFinding(
    what,
    typeof reached.headers.date === 'string' ? reached.headers.date : undefined,
    reached.asked,
  )
  const isDiscovery = url.endsWith('/openid-configuration')
  if (isDiscovery && reached.status !== 200) {
    return [error(`${what} answers ${reached.status} for its own description`, 'Correct access.oidc.issuer.')]
  }
  return [
    ok(`${what} answers (${reached.tookMs} ms)`),
    ...(reached.certificate === undefined ? [] : [warning(`${what}: ${reached.certificate}`, 'Renew it in time.')]),
    ...(skew ? [skew] : []),
  ]
}
