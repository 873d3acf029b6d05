import type { InstanceSpec, ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { probeKinds } from '#shared/protocol/check.ts'
import { desiredKeys } from '#shared/protocol/desired-keys.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import type { Hello, InstanceReport, Metric, Report } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'

/** The shape of a simulated fleet. */
export type Shape = {
  readonly agents: number
  /** Instances of each agent. */
  readonly perAgent: number
  /** Among which the instances are spread. */
  readonly services: number
  readonly sites: readonly string[]
}

const digits = 'abcdefghijklmnopqrstuvwxyz234567'

/** A node id that shows its number. */
export function nodeOf(agent: number): string {
  const text = agent.toString(32).padStart(12, '0')
  return `n-${[...text].map((digit) => digits[Number.parseInt(digit, 32)]).join('')}`
}

/** An address for each agent, none of them anybody's. */
export function addressOf(agent: number): string {
  return `10.${(agent >> 16) & 255}.${(agent >> 8) & 255}.${agent & 255}`
}

export function helloOf(agent: number, incarnation: number, { sites }: Pick<Shape, 'sites'>): Hello {
  const node = nodeOf(agent)
  return {
    type: 'hello',
    node,
    machine: `machine-${agent}`,
    incarnation,
    version: '0.1.0',
    name: `node ${agent}`,
    site: sites[agent % sites.length] ?? '',
    cluster: agent % 2 === 0 ? 'zervigo' : 'looma',
    address: addressOf(agent),
    probes: [...probeKinds],
    takes: [...desiredKeys],
  }
}

/** Its instances are checked on their own host, so that nobody probes addresses that are not there. */
export function specsOf(agent: number, { perAgent, services }: Pick<Shape, 'perAgent' | 'services'>): InstanceSpec[] {
  return Array.from({ length: perAgent }, (_, index) => {
    const service = `service-${String((agent * perAgent + index) % services).padStart(4, '0')}`
    const port = 10_000 + index
    const check: ProbeSpec = { kind: 'tcp', address: '127.0.0.1', port, timeoutMs: 2_000 }
    const id = instanceId(service, nodeOf(agent), port)
    return { id, service, address: addressOf(agent), port, tags: [], metadata: {}, checks: [check] }
  })
}

export const well: Verdict = { health: 'passing', reason: reason('ok') }
export const failed: Verdict = { health: 'critical', reason: reason('refused') }

export function wholeReport(sequence: number, specs: readonly InstanceSpec[], verdicts: readonly Verdict[]): Report {
  const instances: InstanceReport[] = specs.map((spec, index) => ({
    id: spec.id,
    spec,
    ...(verdicts[index] ?? well),
    ageMs: 0,
  }))
  return { type: 'report', sequence, ...(instances.length > 0 ? { instances } : {}), whole: true }
}

export function changeReport(sequence: number, id: string, verdict: Verdict): Report {
  return { type: 'report', sequence, instances: [{ id, ...verdict, ageMs: 0 }] }
}

/** Six of the host and six of each instance, their values different each time. */
export function metricsReport(sequence: number, specs: readonly InstanceSpec[], value: number): Report {
  const host: Metric[] = [
    { name: 'host_cpu_usage', value, unit: 'percent' },
    { name: 'host_memory_usage', value: value / 2, unit: 'percent' },
    { name: 'host_disk_usage', value: 40, unit: 'percent' },
    { name: 'host_load', value: value / 25, unit: 'count' },
    { name: 'host_bytes_in', value: value * 1_000, unit: 'bytes' },
    { name: 'host_bytes_out', value: value * 2_000, unit: 'bytes' },
  ]
  const own = specs.flatMap(({ id: instance }): Metric[] => [
    { instance, name: 'process_cpu_usage', value: value / 10, unit: 'percent' },
    { instance, name: 'process_memory', value: 50_000_000 + value, unit: 'bytes' },
    { instance, name: 'process_files', value: 20, unit: 'count' },
    { instance, name: 'service_requests', value: value * 10, unit: 'count' },
    { instance, name: 'service_errors', value: 0, unit: 'count' },
    { instance, name: 'service_latency_p95', value: value / 2, unit: 'ms' },
  ])
  return { type: 'report', sequence, metrics: [...host, ...own] }
}
