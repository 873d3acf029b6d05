import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { Report } from '#shared/protocol/messages.ts'
import { withoutSecrets } from '#shared/protocol/without-secrets.ts'
import type { Word } from './judgement.ts'

export type Words =
  | { readonly kind: 'words'; readonly words: ReadonlyMap<string, Word> }
  | { readonly kind: 'bad'; readonly code: 'bad-message' | 'spec-missing'; readonly problem: string }

/**
 * What a report says of each instance.
 * @param known the spec of an instance as the agent said it last; a report leaves out what has not changed
 * @param own all instances of this node so far: a whole report withdraws those that it does not name
 */
export function wordsOf(
  report: Report,
  known: (instance: string) => InstanceSpec | undefined,
  own: () => Iterable<string>,
): Words {
  const words = new Map<string, Word>()
  for (const id of report.withdrawn ?? []) words.set(id, { kind: 'withdrawn' })
  for (const { id, spec: said, health, reason } of report.instances ?? []) {
    const spec = said ? specWithoutSecrets(said) : known(id)
    if (!spec) return { kind: 'bad', code: 'spec-missing', problem: `what instance ${id} is was never said` }
    if (spec.id !== id)
      return { kind: 'bad', code: 'bad-message', problem: `instance ${id} has the spec of ${spec.id}` }
    words.set(id, { kind: 'present', spec, verdict: { health, reason } })
  }
  if (report.whole) {
    for (const id of own()) if (!words.has(id)) words.set(id, { kind: 'withdrawn' })
  }
  return { kind: 'words', words }
}

function specWithoutSecrets(spec: InstanceSpec): InstanceSpec {
  const metadata = withoutSecrets(spec.metadata)
  return metadata === spec.metadata ? spec : { ...spec, metadata }
}
