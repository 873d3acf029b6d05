/** Something that the mirror does in a Consul, as its ACLs ask about it. */
export type Grant = {
  readonly Resource: 'node' | 'service' | 'key'
  readonly Access: 'read' | 'write'
  readonly Segment: string
}

/** What docs/consul-policy.hcl grants, tried at one name each; in mode observe only reading. */
export function grantsNeeded(owner: string, mode: string): readonly Grant[] {
  const reads: readonly Grant[] = [
    { Resource: 'node', Access: 'read', Segment: 'n' },
    { Resource: 'service', Access: 'read', Segment: 's' },
  ]
  if (mode === 'observe') return reads
  return [
    ...reads,
    { Resource: 'node', Access: 'write', Segment: `heddle-${owner}-n` },
    { Resource: 'key', Access: 'write', Segment: `heddle/${owner}/fence` },
  ]
}

/** The rule of a policy that grants it. */
export function ruleFor({ Resource, Access, Segment }: Grant): string {
  const prefix = Access === 'read' ? '' : Segment.replace(/(?:n|fence)$/, '')
  return `${Resource}_prefix "${prefix}" { policy = "${Access}" }`
}
