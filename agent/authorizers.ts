import type { AuthorizerConfig } from './authorizer/config.ts'
import type { NodeAuthorizers, OpenAuthorizers } from './authorizer/open-authorizers.ts'

/** The authorizers of this node. On a node without any, none of their code is loaded. Throws PORT_TAKEN. */
export async function openAuthorizers(
  configs: readonly AuthorizerConfig[],
  open: OpenAuthorizers,
): Promise<NodeAuthorizers> {
  let opened: NodeAuthorizers | undefined
  const configure = async (next: readonly AuthorizerConfig[]) => {
    if (opened) await opened.configure(next)
    else if (next.length > 0)
      opened = await (await import('./authorizer/open-authorizers.ts')).openAuthorizers(next, open)
  }
  await configure(configs)
  return {
    configure,
    want: (sets) => opened?.want(sets),
    get state() {
      return opened?.state ?? []
    },
    async [Symbol.asyncDispose]() {
      await opened?.[Symbol.asyncDispose]()
    },
  }
}
