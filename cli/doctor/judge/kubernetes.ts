import type { StatusView } from '#shared/protocol/status-api.ts'
import { type Finding, finder } from '../finding.ts'

/** Something that a plane does at an API server, as a SelfSubjectAccessReview asks about it. */
export type Right = {
  readonly group: string
  readonly resource: string
  readonly verb: string
  /** Left out: all of them. */
  readonly namespace?: string
}

export type Uses = {
  /** Services of it are to be instances. */
  readonly watches: boolean
  readonly pods: boolean
  readonly namespaces: readonly string[]
  /** Agents of it are let in. */
  readonly enrols: boolean
}

/** What docs/kubernetes-source.md says that a plane must be granted, and nothing else. */
export function rightsNeeded({ watches, pods, namespaces, enrols }: Uses): readonly Right[] {
  const resources = [
    { group: 'discovery.k8s.io', resource: 'endpointslices' },
    ...(pods ? [{ group: '', resource: 'pods' }] : []),
  ]
  const places = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }))
  const watched = places.flatMap((place) =>
    resources.flatMap((resource) => ['list', 'watch'].map((verb) => ({ ...resource, verb, ...place }))),
  )
  const reviewed = { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' }
  return [...(watches ? watched : []), ...(enrols ? [reviewed] : [])]
}

/** For people: `list pods in shop` */
export function rightText({ resource, verb, namespace }: Right): string {
  return `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`
}

const mostNamed = 6

/** @param missing what is not granted, of all that is needed */
export function rightsFinding(what: string, missing: readonly Right[]): Finding {
  const { ok, error } = finder('kubernetes')
  if (missing.length === 0) return ok(`${what}: its account may do what the plane does`)
  const rest = missing.length - mostNamed
  const named = `${missing.slice(0, mostNamed).map(rightText).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  return error(
    `${what}: its account may not ${named} (step authenticate, 403)`,
    'Grant it what docs/kubernetes-source.md lists, by a ClusterRole, or by a Role in each namespace of the configuration.',
  )
}

type Heard = NonNullable<StatusView['kubernetes']>[number]

/** What the plane that leads says of a cluster that it watches. */
export function heardFinding({ cluster, answered, error: why, instances }: Heard): Finding {
  const { ok, warning, error } = finder('fleet')
  const what = `Kubernetes ${cluster}`
  if (why !== null) {
    const stays = 'What is known of it stays as it was.'
    return error(`the plane does not hear ${what}: ${why}`, `${remedyFor(why)} ${stays}`)
  }
  if (!answered) {
    return warning(`${what} has not told the plane all yet`, 'Ask again in a minute: what is journalled stands in.')
  }
  return ok(`the plane hears ${what}: ${instances} instances`)
}

function remedyFor(why: string): string {
  if (/ answered 401\b/.test(why)) return 'Put a token that counts where `kubernetes.clusters[]` has it read.'
  if (/ answered 403\b/.test(why)) return 'Grant the account what docs/kubernetes-source.md lists.'
  return 'Run `heddle doctor --only kubernetes` on the host of the plane that leads: it tells the step.'
}
