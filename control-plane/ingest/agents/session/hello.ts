import { isDeepStrictEqual } from 'node:util'
import type { Hello } from '#shared/protocol/messages.ts'
import type { NodeBelief, NodeSpec } from '../../../fleet/belief.ts'

export type HelloAnswer =
  | {
      readonly kind: 'welcome'
      readonly node: NodeSpec
      /** The node is new, or is not what it was. */
      readonly joined: boolean
    }
  | { readonly kind: 'refused'; readonly code: 'node-elsewhere' | 'superseded'; readonly message: string }

/**
 * Whether an agent may speak for its node. A higher incarnation on the same machine is a restart; the same incarnation is the same
 * process that comes back; a lower one is a process that has been replaced.
 * @param known what is believed of the node
 * @param live what the node's present session said, if there is one: it may be newer than the belief
 * @param tenant whose its certificate says that it is; what an agent says of that counts for nothing
 */
export function judgeHello(
  hello: Hello,
  known: NodeBelief | undefined,
  live: Hello | undefined,
  tenant?: string,
): HelloAnswer {
  const before = live ?? known?.spec
  const machine = live?.machine ?? known?.spec.machine ?? ''
  if (machine !== '' && machine !== hello.machine) {
    const message = `node ${hello.node} is on machine ${machine} (${before?.name}, ${before?.address}); machine ${hello.machine} (${hello.name}, ${hello.address}) says it is the same node`
    return { kind: 'refused', code: 'node-elsewhere', message }
  }
  const incarnation = Math.max(live?.incarnation ?? 0, known?.spec.incarnation ?? 0)
  if (hello.incarnation < incarnation) {
    const message = `start ${hello.incarnation} of node ${hello.node} was replaced by start ${incarnation} on machine ${hello.machine}`
    return { kind: 'refused', code: 'superseded', message }
  }
  const node = nodeOf(hello, tenant)
  return { kind: 'welcome', node, joined: !isDeepStrictEqual(known?.spec, node) }
}

function nodeOf(hello: Hello, tenant: string | undefined): NodeSpec {
  return {
    id: hello.node,
    name: hello.name,
    machine: hello.machine,
    incarnation: hello.incarnation,
    address: hello.address,
    site: hello.site,
    cluster: hello.cluster ?? '',
    version: hello.version,
    gateways: hello.gateways ?? [],
    ...(hello.authorizers ? { authorizers: hello.authorizers } : {}),
    ...(tenant === undefined ? {} : { tenant }),
  }
}
