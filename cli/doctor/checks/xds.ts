import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isLoopback } from '#shared/host/listeners.ts'
import { boundsOf, outsideText } from '#shared/identity/scope.ts'
import type { Check, Scene } from '../check.ts'
import { claimsOf, listAt, objectAt, type Patient, textAt } from '../claims.ts'
import { planesOf } from '../endpoints.ts'
import { type Finding, finder } from '../finding.ts'
import { xdsFinding } from '../judge/xds.ts'
import { authorityOf, ifStranger, type NodeIdentity, readNodeIdentity } from '../node-identity.ts'
import { openWay, reach, secureWay } from '../reach.ts'
import { callXds } from '../xds-call.ts'

const { ok, warning, error } = finder('xds')

/** Where Envoys ask planes: the whole way of one discovery request, by the certificate that the Envoys of this node show. */
export const xds: Check = {
  name: 'xds',
  async examine(scene) {
    const found = await Promise.all(
      scene.patients.map((patient) => {
        if (patient.kind === 'agent') return ofAgent(patient, scene)
        return patient.kind === 'plane' ? ofPlane(patient, scene) : []
      }),
    )
    return [...new Map(found.flat().map((finding) => [finding.text, finding])).values()]
  },
}

type Place = { readonly host: string; readonly port: number }

async function ofAgent(agent: Patient, scene: Scene): Promise<readonly Finding[]> {
  const envoys = listAt(agent.value, 'envoys')
  if (envoys.length === 0) return []
  const identity = await readNodeIdentity(agent)
  const planes = planesOf([agent])
  const found = await Promise.all(
    envoys.map(async (envoy) => {
      const told = await placesOf(textAt(envoy, 'admin', '127.0.0.1:9901'), scene)
      // What an Envoy that does not run will ask is in its own file: by default port 18000 of the planes.
      const places = told.length > 0 ? told : planes.map((plane) => ({ host: hostOf(plane), port: 18_000 }))
      const overTls = planes.some((plane) => plane.startsWith('https:'))
      const asked = places.map((place) =>
        ask(place, {
          isGuess: told.length === 0,
          what: `where Envoys ask a plane, ${textOf(place)} (${agent.file})`,
          tls: overTls ? { identity, ca: authorityOf(identity), plane: planes[0] ?? '' } : undefined,
          scene,
        }),
      )
      return [...(await Promise.all(asked)).flat(), ...(await scopeFindings(identity, textAt(envoy, 'gateway', '')))]
    }),
  )
  return found.flat()
}

/** Where an Envoy that runs asks: what it says of the cluster that its file has for that. */
async function placesOf(admin: string, scene: Scene): Promise<readonly Place[]> {
  const said = await reach(scene, { url: `http://${admin}/clusters` })
  if (said.kind === 'failed' || said.status !== 200) return []
  const places = new Map<string, Place>()
  for (const [, address = '', key, value = ''] of said.body.matchAll(
    /^heddle-xds::(\S+?)::(hostname|cx_active)::(.*)$/gm,
  )) {
    const colon = address.lastIndexOf(':')
    const place = { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
    if (colon > 0 && place.port > 0 && (key === 'cx_active' || value === '')) places.set(address, place)
  }
  return [...places.values()]
}

async function ofPlane(plane: Patient, scene: Scene): Promise<readonly Finding[]> {
  const claim = claimsOf([plane]).find(({ who }) => who === "the control plane's xDS")
  if (claim === undefined) return []
  const settings = objectAt(objectAt(plane.value, 'routing'), 'xds')
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[claim.address] ?? claim.address
  const isPlain =
    settings.tls === false || settings.insecure === true || (settings.tls !== true && isLoopback(claim.address))
  const journal = textAt(objectAt(plane.value, 'journal'), 'path', 'heddle.db')
  const ca = await readFile(join(dirname(resolve(journal)), 'heddle-ca.pem'), 'utf8').catch(() => undefined)
  if (!isPlain && ca === undefined) return []
  const what = `the control plane's xDS at ${textOf({ host, port: claim.port })} (${plane.file})`
  const found = await ask({ host, port: claim.port }, { what, tls: isPlain ? undefined : { ca }, scene })
  return found.some(({ text }) => /step connect/.test(text)) ? [ok(`${what} is to be started`)] : found
}

type Asking = {
  readonly what: string
  /** Nothing says that it is asked there. */
  readonly isGuess?: boolean
  /** Left out: without TLS. `identity`: what is shown; left out: nothing. */
  readonly tls:
    | { readonly ca: string | undefined; readonly identity?: NodeIdentity; readonly plane?: string }
    | undefined
  readonly scene: Scene
}

async function ask({ host, port }: Place, { what, isGuess = false, tls, scene }: Asking): Promise<readonly Finding[]> {
  const from = performance.now()
  const took = () => Math.round(performance.now() - from)
  const blocked = ({ step, why, remedy }: { readonly step: string; readonly why: string; readonly remedy: string }) => [
    (isGuess ? warning : error)(`${what} cannot be asked (step ${step}, ${took()} ms): ${why}`, remedy),
  ]
  if (tls?.identity && tls.ca === undefined) {
    const text = `${what} was not asked: this node shows no certificate`
    return [warning(text, ifStranger(tls.identity, tls.plane ?? ''))]
  }
  const way = await openWay(scene, host, port)
  if ('step' in way) return blocked(way)
  try {
    const { identity, ca } = tls ?? {}
    const own = identity?.kind === 'kept' ? { cert: identity.cert, key: identity.key } : undefined
    const stranger = identity && ifStranger(identity, tls?.plane ?? '')
    const secured = tls && (await secureWay(scene, way.socket, { host, ca, own, alpn: ['h2'], ifStranger: stranger }))
    if (secured && 'step' in secured) return blocked(secured)
    const authority = `${tls ? 'https' : 'http'}://${textOf({ host, port })}`
    const answer = await callXds(secured?.socket ?? way.socket, authority, scene)
    const shown = tls === undefined ? 'plain' : own ? 'certificate' : 'none'
    return [xdsFinding(answer, { what, tookMs: took(), shown })]
  } finally {
    way.socket.destroy()
  }
}

/** Whether the node's certificate lets its Envoy be one of this gateway. */
async function scopeFindings(identity: NodeIdentity, gateway: string): Promise<readonly Finding[]> {
  if (identity.kind !== 'kept') return []
  const { readNodeCertificate } = await import('#shared/identity/certificate.ts')
  const read = readNodeCertificate(identity.cert)
  const outside = read.kind === 'read' ? boundsOf(read.certificate.scope).gateway(gateway) : undefined
  if (outside === undefined) return []
  const text = `the certificate of this node does not let an Envoy ask for gateway ${gateway}: ${outsideText(outside)}`
  return [error(text, `Enrol it with a token for that: heddle identity token --gateways ${gateway}.`)]
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

function textOf({ host, port }: Place): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
