import { basename } from 'node:path'
import { knownPorts } from '#shared/config/known-ports.ts'
import { isEvery, type Listener } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import type { Claim } from './claims.ts'
import type { Finding } from './finding.ts'
import { kindOfCommand } from './running.ts'

/** Ports that two of the claims want, both named with where that is said. */
export function collisionsAmong(claims: readonly Claim[]): readonly Finding[] {
  const findings: Finding[] = []
  for (const [index, claim] of claims.entries()) {
    for (const other of claims.slice(index + 1)) {
      if (claim.port !== other.port || !overlaps(claim.address, other.address)) continue
      const perhaps = claim.kind === 'perhaps' || other.kind === 'perhaps'
      const said = `port ${claim.port} is claimed by ${claimText(claim)} and by ${claimText(other)}`
      findings.push({
        check: 'ports',
        level: perhaps ? 'warning' : 'error',
        text: perhaps ? `${said}, if both run on one host` : said,
        remedy: 'Give one of them another port.',
      })
    }
  }
  return findings
}

/** What listens on this host now, as far as it can be seen. */
export type Listening = Pick<Listener, 'address' | 'port' | 'user'> & {
  /** Undefined: it cannot be seen, which takes root. */
  readonly process: Process | undefined
}

/**
 * Ports that Heddle wants and that somebody else has already. A program of Heddle's own that runs has every right to its port, and so
 * has the server of a service that is looked after.
 */
export function collisionsWithListening(claims: readonly Claim[], listening: readonly Listening[]): readonly Finding[] {
  return claims
    .filter(({ kind }) => kind === 'own')
    .flatMap((claim): readonly Finding[] => {
      const holder = listening.find(({ port, address }) => port === claim.port && overlaps(claim.address, address))
      if (!holder) return []
      const { process, user } = holder
      const runs = process && kindOfCommand(process.command)
      if (process !== undefined && runs !== undefined && !process.command.includes(fileOf(claim))) {
        return [
          {
            check: 'ports',
            level: 'warning',
            text: `port ${claim.port} is claimed by ${claimText(claim)} and held by ${processText(process)}, which runs by another configuration: ${process.command}`,
            remedy: 'Fine if this is to replace that one; else stop it, or configure another port.',
          },
        ]
      }
      if (process !== undefined && (runs !== undefined || isProxy(process.command))) {
        return [
          {
            check: 'ports',
            level: 'ok',
            text: `${claim.who} listens on port ${claim.port} already: ${processText(process)}`,
          },
        ]
      }
      const said = `port ${claim.port} is claimed by ${claimText(claim)} and held by`
      if (process === undefined) {
        return [
          {
            check: 'ports',
            level: 'warning',
            text: `${said} a process of user ${user}`,
            remedy: 'Run the doctor as root, which sees who it is; unless it is this very program, stop it.',
          },
        ]
      }
      return [
        {
          check: 'ports',
          level: 'error',
          text: `${said} ${processText(process)}`,
          remedy: 'Stop it, or configure another port.',
        },
      ]
    })
}

/** Claims on ports that the platform uses for something else by agreement: no fault, but worth a look before it is one. */
export function unusualUses(claims: readonly Claim[]): readonly Finding[] {
  return claims.flatMap((claim): readonly Finding[] => {
    if (claim.kind === 'server') return []
    const others = knownPorts.filter(
      ({ port, role }) => port === claim.port && (role === 'service' || role === 'database'),
    )
    const names = [
      ...new Set(others.map(({ service, cluster }) => (cluster === undefined ? service : `${service} (${cluster})`))),
    ]
    if (names.length === 0) return []
    return [
      {
        check: 'ports',
        level: 'warning',
        text: `port ${claim.port} of ${claimText(claim)} is also that of ${names.join(', ')} in the list of the platform`,
        remedy: 'Fine unless one of those runs on this host; then give the listener another port.',
      },
    ]
  })
}

/** Whether sockets at both addresses of one port are in each other's way. */
export function overlaps(a: string, b: string): boolean {
  return a === b || isEvery(a) || isEvery(b)
}

function claimText({ who, place }: Claim): string {
  return `${who} (${place})`
}

function processText({ name, pid, unit }: Process): string {
  return `${name} (pid ${pid}${unit === undefined ? '' : `, unit ${unit}`})`
}

/** The name of the configuration that makes a claim. */
function fileOf({ file }: Claim): string {
  return basename(file)
}

/** The proxies that Heddle drives. */
function isProxy(command: string): boolean {
  return /(^|[\s/])(envoy|nginx:?)(\s|$)/.test(command)
}
