import { type Finding, finder } from '../finding.ts'

const { ok, warning, error } = finder('versions')

/** What Heddle is tried with: docs/doctor.md has the same. */
const tried = {
  envoy: { name: 'Envoy', from: [1, 30], to: [1, 40] },
  consul: { name: 'Consul', from: [1, 8], to: [1, 22] },
  nginx: { name: 'Nginx', from: [1, 18], to: [1, 29] },
  postgresql: { name: 'PostgreSQL', from: [13, 0], to: [18, 99] },
  node: { name: 'Node', from: [26, 0], to: [26, 99] },
} as const satisfies Readonly<
  Record<string, { name: string; from: readonly [number, number]; to: readonly [number, number] }>
>
export type Versioned = keyof typeof tried

/** Whether a version is one that Heddle is tried with. @param where for people, who it is */
export function versionFinding(kind: Versioned, version: string, where: string): Finding {
  const { name, from, to } = tried[kind]
  const parts = numbers(version)
  const text = `${name} ${version} (${where})`
  if (parts === undefined) return warning(`${text} has a version that cannot be read`, 'Look at it yourself.')
  const range = kind === 'node' ? `${from[0]}` : `${from.join('.')} to ${to.join('.').replace(/\.99$/, '')}`
  if (isBefore(parts, from)) return error(`${text} is too old: Heddle works with ${range}`, `Upgrade ${name}.`)
  if (isBefore(to, parts))
    return warning(`${text} is newer than what Heddle was tried with (${range})`, 'Try it before you rely on it.')
  return ok(text)
}

/** Whether two programs of Heddle's understand each other: two versions back, and not forward. */
export function pairFinding(who: string, version: string, plane: string): Finding {
  const [theirs, ours] = [numbers(version), numbers(plane)]
  const text = `${who} is of version ${version || 'unknown'}, the plane of ${plane}`
  if (theirs === undefined || ours === undefined)
    return warning(`${text}: one of them cannot be read`, 'Look at it yourself.')
  if (isBefore(ours, theirs)) return warning(`${text}: planes come first`, 'Upgrade the planes, then the others.')
  if (theirs[0] !== ours[0] || ours[1] - theirs[1] > 2) {
    return error(`${text}: more than two versions lie between`, 'Upgrade it, at most two versions at a time.')
  }
  return ok(text)
}

function numbers(version: string): readonly [number, number] | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(version)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

function isBefore(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] === b[0] ? a[1] < b[1] : a[0] < b[0]
}
