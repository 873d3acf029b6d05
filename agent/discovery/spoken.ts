import type { KnownPort } from '#shared/config/known-ports.ts'
import type { Process } from '#shared/host/process.ts'
import { defaultKind } from '../checks/default-checks.ts'
import { knownProgram } from './programs.ts'

/** How something that listens may be asked. */
export const databaseKinds = ['mysql', 'postgresql', 'redis', 'mongodb', 'elasticsearch', 'neo4j'] as const
export type Spoken = 'http' | 'tcp' | (typeof databaseKinds)[number]

/**
 * How a port may be asked: a database in its own language, and what speaks no HTTP by no more than a connection. One that is sent
 * HTTP takes it for an attack, and may shut its door.
 */
export function spokenAt(port: number, process: Process | undefined, table: readonly KnownPort[]): Spoken {
  const program = process && knownProgram(process.name)
  if (program) return databaseKind(program.service) ?? program.speaks
  const lines = table.filter((line) => line.port === port)
  const [first] = lines
  if (first === undefined) return 'http'
  const kind = databaseKind(first.service)
  if (kind && lines.length === 1) return kind
  return lines.every(({ speaks }) => speaks === 'tcp') ? 'tcp' : 'http'
}

function databaseKind(service: string): Spoken | undefined {
  const kind = defaultKind({ type: service, port: 0 })
  return databaseKinds.find((each) => each === kind)
}
