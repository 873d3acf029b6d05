import { hostname, networkInterfaces } from 'node:os'

/** Names and addresses under which this machine may be asked: what is configured first, then its own. */
export function ownNames(configured: readonly string[]): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each)
  // One with a zone means another thing on each host.
  const own = addresses
    .filter(({ address, scopeid }) => !scopeid && !address.includes('%'))
    .map(({ address }) => address)
  const names = [hostname(), 'localhost'].filter((name) => /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name))
  return [...new Set([...configured, ...names, '127.0.0.1', '::1', ...own])]
}
