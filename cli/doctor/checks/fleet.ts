import { explainError } from '#shared/failure/failure.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import packageFile from '../../../package.json' with { type: 'json' }
import type { Check } from '../check.ts'
import { type Finding, finder } from '../finding.ts'
import { heardFinding } from '../judge/kubernetes.ts'
import { pairFinding } from '../judge/versions.ts'

const { ok, warning, error } = finder('fleet')
const mostNamed = 5

/** What the plane itself says: for a laptop that has only this command, and beside any host. */
export const fleet: Check = {
  name: 'fleet',
  async examine({ plane, planeIsNamed, patients, answerWithinMs }) {
    if (!planeIsNamed && patients.length > 0) return []
    try {
      const status = await plane.status(answerWithinMs)
      const nodes = await plane.nodes()
      const { suspect, lost, total } = status.nodes
      const away = warning(`${suspect + lost} of ${total} nodes are not heard of`, 'heddle nodes names them.')
      const blocked = status.sinks.filter(({ state }) => state === 'blocked')
      return [
        ok(
          `the plane at ${plane.address} has revision ${status.revision}, ${total} nodes and ${status.instances.total} instances`,
        ),
        pairFinding('this command', packageFile.version, status.version),
        ...agentFindings(nodes, status.version),
        ...(suspect + lost > 0 ? [away] : []),
        ...blocked.map(({ name, remarks }) =>
          error(`${name} is blocked: ${remarks[0] ?? 'it does not say why'}`, 'heddle status says more of it.'),
        ),
        ...(status.kubernetes ?? []).map(heardFinding),
        ...status.problems
          .filter((text) => !isTold(text, status))
          .map((text) => warning(text, 'heddle status says more of it.')),
      ]
    } catch (cause) {
      const remedy = 'Name the plane by --plane, its authority by --ca, and a token by --token-file.'
      return [
        (planeIsNamed ? error : warning)(
          `the plane at ${plane.address} cannot be asked: ${explainError(cause)}`,
          remedy,
        ),
      ]
    }
  },
}

/** Whether a problem is that of a cluster that a finding is of. */
function isTold(text: string, { kubernetes = [] }: StatusView): boolean {
  return kubernetes.some(({ cluster, error: why }) => why !== null && text.startsWith(`Kubernetes ${cluster}: ${why}`))
}

function agentFindings(
  nodes: readonly { readonly name: string; readonly version: string }[],
  plane: string,
): readonly Finding[] {
  const found = nodes
    .filter(({ version }) => version !== '')
    .map(({ name, version }) => pairFinding(`the agent ${name}`, version, plane))
    .filter(({ level }) => level !== 'ok')
  const rest = found.length - mostNamed
  const more =
    rest > 0 ? [warning(`${rest} more agents are of such versions`, 'heddle nodes --json has them all.')] : []
  return [...found.slice(0, mostNamed), ...more]
}
