import type { SinkStatus } from './sink.ts'

/** The names of the sinks that apply changes and have not proven a revision yet. */
export function waitingSinks(sinks: readonly SinkStatus[], revision: number): readonly string[] {
  return sinks
    .filter(({ mode, proven }) => mode === 'apply' && (proven === undefined || proven.revision < revision))
    .map(({ name }) => name)
}
