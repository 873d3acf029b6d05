import { Failure } from '#shared/failure/failure.ts'
import { readMountedSecret } from '#shared/files/read-secret.ts'
import { type NodeIs, nodeOfPod, readClaims } from '#shared/identity/kubernetes.ts'

/** Who the node is by the token that was projected into its Pod. Rejects with SECRET_FILE, CONFIG_INVALID. */
export async function readPod({ token_file, node }: { readonly token_file: string; readonly node: NodeIs }) {
  const read = readClaims(await readMountedSecret(token_file))
  if (read.kind === 'unreadable') throw new Failure('SECRET_FILE', `${token_file}: ${read.why}`)
  const who = nodeOfPod(read.identity, node)
  if (who) return who
  throw new Failure('CONFIG_INVALID', 'identity.kubernetes.node: the token does not say on which Node the Pod runs', {
    remedy: 'Kubernetes says so from 1.30 on; before, each agent is that of its Pod: `node: pod`.',
  })
}
