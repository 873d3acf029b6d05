import type { VersionView } from '#shared/protocol/routing-api.ts'

/** Which of these versions held at a moment, everywhere and not only on its way; undefined: none of them. @param at epoch milliseconds */
export function heldVersion(versions: readonly VersionView[], at: number): VersionView | undefined {
  const since = ({ ended_at: since }: VersionView) => (since === null ? Number.POSITIVE_INFINITY : Date.parse(since))
  return versions
    .filter(({ state }) => state === 'applied' || state === 'rolled-back')
    .filter((version) => since(version) <= at)
    .toSorted((a, b) => since(b) - since(a) || b.number - a.number)[0]
}
