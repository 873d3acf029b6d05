import { explainError } from '#shared/failure/failure.ts'
import { readMountedSecret } from '#shared/files/read-secret.ts'
import type { Check, Scene } from '../check.ts'
import { skewFinding } from '../clock.ts'
import { type ApiServer, apiServersOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { type Right, rightsFinding, rightsNeeded } from '../judge/kubernetes.ts'
import { type Reached, reach, type Wanted } from '../reach.ts'

const { ok, warning, error } = finder('kubernetes')

/** Each API server of the plane: whether it answers, and lets the plane do its work. Nothing is listed, and nothing is kept there. */
export const kubernetes: Check = {
  name: 'kubernetes',
  async examine(scene) {
    const found = await Promise.all(apiServersOf(scene.patients).map((one) => clusterFindings(one, scene)))
    return found.flat()
  },
}

async function clusterFindings(cluster: ApiServer, scene: Scene): Promise<readonly Finding[]> {
  const { what, url, caFile, tokenFile } = cluster
  if (url === undefined) {
    return [ok(`${what} is reached by what only the plane has: \`heddle doctor --plane ...\` says whether it hears it`)]
  }
  const ask = (path: string, more: Omit<Wanted, 'url' | 'caFile'> = {}) =>
    reach(scene, { url: `${url.replace(/\/+$/, '')}${path}`, caFile, ...more })
  const first = await ask('/version')
  if (first.kind === 'failed') {
    return [error(`${what} cannot be reached (step ${first.step}, ${first.tookMs} ms): ${first.why}`, first.remedy)]
  }
  const { date } = first.headers
  const skew = skewFinding(what, typeof date === 'string' ? date : undefined, first.asked)
  return [
    ok(`${what} answers (${first.tookMs} ms)`),
    ...(first.certificate === undefined ? [] : [warning(`${what}: ${first.certificate}`, 'Renew it in time.')]),
    ...(skew ? [skew] : []),
    ...(await rightsOf(cluster, tokenFile, ask)),
  ]
}

type Ask = (path: string, more: Omit<Wanted, 'url' | 'caFile'>) => Promise<Reached>

async function rightsOf(cluster: ApiServer, tokenFile: string | undefined, ask: Ask): Promise<readonly Finding[]> {
  const { what } = cluster
  if (tokenFile === undefined) return [warning(`${what}: no token_file is named`, 'Name one, or a kubeconfig.')]
  if (tokenFile.startsWith('credential:')) return []
  let token: string
  try {
    token = (await readMountedSecret(tokenFile)).trim()
  } catch (cause) {
    return [error(`${what}: ${explainError(cause)}`, `Let the user of the plane read ${tokenFile}, and nobody else.`)]
  }
  const missing: Right[] = []
  const rights = rightsNeeded(cluster)
  for (let from = 0; from < rights.length; from += atOnce) {
    const some = rights.slice(from, from + atOnce)
    const answers = await Promise.all(some.map((right) => mayDo(right, token, ask)))
    for (const [index, right] of some.entries()) {
      const answer = answers[index]
      if (typeof answer === 'object') return [{ ...answer, text: `${what}${answer.text}` }]
      if (!answer) missing.push(right)
    }
  }
  return [rightsFinding(what, missing)]
}

const atOnce = 4

/** Whether an account may do something; a finding whose text lacks its beginning where that is not answered. */
async function mayDo(right: Right, token: string, ask: Ask): Promise<boolean | Finding> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: right },
  }
  const body = JSON.stringify(review)
  const headers = {
    ...{ authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
    'content-length': String(Buffer.byteLength(body)),
  }
  const said = await ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', headers, body })
  if (said.kind === 'failed') return warning(`: what its account may do was not answered: ${said.why}`, said.remedy)
  if (said.status === 401) {
    return error(' does not know this token (step authenticate, 401)', 'Put a token that counts into token_file.')
  }
  const allowed = said.status < 300 ? allowedIn(said.body) : undefined
  if (allowed !== undefined) return allowed
  return warning(`: what its account may do is not said: status ${said.status}`, 'See docs/kubernetes-source.md.')
}

function allowedIn(body: string): boolean | undefined {
  try {
    const { status }: { readonly status?: { readonly allowed?: unknown } } = JSON.parse(body)
    return typeof status?.allowed === 'boolean' ? status.allowed : undefined
  } catch {
    return undefined
  }
}
