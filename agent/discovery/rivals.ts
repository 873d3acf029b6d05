/** Something that another agent of this host looks after. */
export type Claim = { readonly id: string; readonly service: string; readonly address: string; readonly port: number }

/** Another agent of this host. */
export type Rival = { readonly node: string; readonly claims: readonly Claim[] }

export type Claimed = { readonly rival: Rival; readonly claim: Claim }

/** Who else looks after a port, if anybody does. */
export function claimOn(port: number, rivals: readonly Rival[]): Claimed | undefined {
  for (const rival of rivals) {
    const claim = rival.claims.find((each) => each.port === port)
    if (claim) return { rival, claim }
  }
  return undefined
}

/**
 * Whether what this agent adopted by itself is rather the other's: of two that took the same at the same moment the one with the
 * smaller node id keeps it, so that both come to the same end without a word.
 */
export function givesWay(node: string, rival: Rival): boolean {
  return rival.node < node
}

/** Whether another agent may be about to adopt the same: then this one looks once more before it does. */
export function waitsFor(node: string, rivals: readonly Rival[]): boolean {
  return rivals.some((rival) => givesWay(node, rival))
}
