import type { AuthorizerConfig } from './authorizer/config.ts'
import type { NodeAuthorizers, OpenAuthorizers } from './authorizer/open-authorizers.ts'

const none: NodeAuthorizers = { want() {}, state: [], async [Symbol.asyncDispose]() {} }

/** The authorizers of this node. On a node without any, none of their code is loaded. Throws PORT_TAKEN. */
export async function openAuthorizers(
  configs: readonly AuthorizerConfig[],
  open: OpenAuthorizers,
): Promise<NodeAuthorizers> {
  if (configs.length === 0) return none
  const { openAuthorizers } = await import('./authorizer/open-authorizers.ts')
  return openAuthorizers(configs, open)
}
