import type { Check, Scene } from '../check.ts'
import { skewFinding } from '../clock.ts'
import { type Datacenter, datacentersOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { type Grant, grantsNeeded, ruleFor } from '../judge/consul-grants.ts'
import { versionFinding } from '../judge/versions.ts'
import { type Reached, reach } from '../reach.ts'
import { readPlaneSecret } from '../read-token.ts'

const { ok, warning, error } = finder('consul')

/** Each Consul of the plane: whether it answers, is the one that is meant, and lets the mirror do its work. Nothing is written there. */
export const consul: Check = {
  name: 'consul',
  async examine(scene) {
    const found = await Promise.all(datacentersOf(scene.patients).map((one) => datacenterFindings(one, scene)))
    return found.flat()
  },
}

async function datacenterFindings(datacenter: Datacenter, scene: Scene): Promise<readonly Finding[]> {
  const { what, url, caFile, tokenFile, name, owner, mode } = datacenter
  const token = tokenFile === undefined ? undefined : await readPlaneSecret(tokenFile, what, { ok, warning, error })
  if (token !== undefined && 'finding' in token && token.finding.level === 'error') return [token.finding]
  const headers: Readonly<Record<string, string>> =
    token !== undefined && 'secret' in token ? { 'x-consul-token': token.secret } : {}
  const ask = (path: string, body?: object) =>
    reach(scene, {
      ...{ url: `${url.replace(/\/+$/, '')}${path}`, caFile, headers },
      ...(body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }),
    })
  const all = await ask('/v1/catalog/datacenters')
  if (all.kind === 'failed') {
    return [error(`${what} cannot be reached (step ${all.step}, ${all.tookMs} ms): ${all.why}`, all.remedy)]
  }
  const known = jsonOf(all)
  if (all.status !== 200 || !Array.isArray(known)) {
    const remedy = 'See that a Consul answers there and has a leader: `consul operator raft list-peers`.'
    return [error(`${what} answers ${all.status} (step answer): ${all.body.slice(0, 100)}`, remedy)]
  }
  if (!known.includes(name)) {
    const remedy = `Correct the name or the address: it is ${known.join(', ')} there.`
    return [error(`${what}: there is no datacenter ${name}, but ${known.join(', ')}`, remedy)]
  }
  const skew = skewFinding(what, typeof all.headers.date === 'string' ? all.headers.date : undefined, all.asked)
  return [
    ok(`${what} answers (${all.tookMs} ms)`),
    ...(all.certificate === undefined ? [] : [warning(`${what}: ${all.certificate}`, 'Renew it in time.')]),
    ...(token !== undefined && 'finding' in token
      ? [token.finding]
      : await grantFindings(datacenter, grantsNeeded(owner, mode), ask)),
    ...versionOf(await ask('/v1/agent/self'), what),
    ...(skew ? [skew] : []),
  ]
}

async function grantFindings(
  { what }: Datacenter,
  needed: readonly Grant[],
  ask: (path: string, body?: object) => Promise<Reached>,
): Promise<readonly Finding[]> {
  const said = await ask('/v1/internal/acl/authorize', needed)
  if (said.kind === 'failed')
    return [warning(`${what}: what its token may do was not answered: ${said.why}`, said.remedy)]
  if (/ACL support disabled/i.test(said.body)) {
    return [warning(`${what} has no ACLs: whoever reaches it may change everything`, 'Enable ACLs in that Consul.')]
  }
  if (/ACL not found/i.test(said.body)) {
    return [error(`${what} does not know this token (step authenticate)`, 'Put a token that counts into token_file.')]
  }
  const answers = jsonOf(said)
  if (said.status !== 200 || !Array.isArray(answers)) {
    return [warning(`${what} does not say what its token may do: status ${said.status}`, 'See docs/consul.md.')]
  }
  const missing = needed.filter((_, index) => answers[index]?.Allow !== true)
  if (missing.length === 0) return [ok(`${what}: its token may do what the mirror does`)]
  return [
    error(
      `${what}: its token may not ${missing.map(({ Access, Resource, Segment }) => `${Access} ${Resource} ${Segment}`).join(', ')} (step authenticate, 403)`,
      `Give its policy ${missing.map(ruleFor).join(' and ')}: docs/consul-policy.hcl has the whole of it.`,
    ),
  ]
}

function versionOf(said: Reached, what: string): readonly Finding[] {
  if (said.kind === 'failed' || said.status !== 200) return []
  const self = jsonOf(said) as { readonly Config?: { readonly Version?: string } } | undefined
  const version = self?.Config?.Version
  return version === undefined ? [] : [versionFinding('consul', version, what)]
}

function jsonOf(said: Reached): unknown {
  try {
    return said.kind === 'answered' ? JSON.parse(said.body) : undefined
  } catch {
    return undefined
  }
}
