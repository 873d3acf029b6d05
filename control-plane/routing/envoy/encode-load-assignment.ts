import type { Endpoint, Service } from '../table.ts'
import { type EndpointGroup, groupEndpoints, hasStandby, overprovisioning } from './load-assignment.ts'
import { fieldSize, varintSize, WireWriter } from './wire.ts'

// Field numbers of envoy.config.endpoint.v3 and envoy.config.core.v3; the test holds them against Envoy's own definitions.
const assignment = { clusterName: 1, endpoints: 2, policy: 4 } as const
const policyField = { overprovisioningFactor: 3 } as const
const group = { locality: 1, lbEndpoints: 2, priority: 5 } as const
const locality = { region: 1 } as const
const lbEndpoint = { endpoint: 1, loadBalancingWeight: 4 } as const
const endpointField = { address: 1, hostname: 3 } as const
const socketAddress = { address: 2, portValue: 3 } as const
const addressField = { socketAddress: 1 } as const
const wrapped = { value: 1 } as const

/** The endpoints of a group as they were encoded, one after the other. */
type Run = {
  readonly priority: number
  readonly site: string
  readonly endpoints: readonly Endpoint[]
  readonly bytes: Buffer
  /** Where each endpoint ends in `bytes`. */
  readonly ends: Uint32Array
}

/** So many services of names that come and go are remembered. */
const mostRemembered = 20_000

/**
 * Makes the bytes of a ClusterLoadAssignment. This is what a dead instance waits for, and a reflective encoder takes far too long for
 * 10,000 endpoints: here only those are encoded that were not there the last time.
 */
export class LoadAssignmentEncoder {
  readonly #last = new Map<string, readonly Run[]>()

  encode({ name, endpoints }: Pick<Service, 'name' | 'endpoints'>): Buffer {
    const last = this.#last.get(name) ?? []
    const runs = groupEndpoints(endpoints).map((members) => encodeRun(members, last))
    if (this.#last.size >= mostRemembered) this.#last.clear()
    this.#last.set(name, runs)
    return assemble(name, runs)
  }
}

function assemble(name: string, runs: readonly Run[]): Buffer {
  const nameSize = Buffer.byteLength(name)
  const sized = runs.map((run) => ({ ...run, ...sizesOf(run) }))
  const factorSize = 1 + varintSize(overprovisioning)
  const policySize = hasStandby(runs) ? fieldSize(factorSize) : 0
  const ownSize = fieldSize(nameSize) + (policySize === 0 ? 0 : fieldSize(policySize))
  const size = sized.reduce((sum, { groupSize }) => sum + fieldSize(groupSize), ownSize)
  const writer = new WireWriter(size).text(assignment.clusterName, name, nameSize)
  for (const { priority, site, siteSize, bytes, groupSize } of sized) {
    writer.open(assignment.endpoints, groupSize)
    if (siteSize > 0) writer.open(group.locality, fieldSize(siteSize)).text(locality.region, site, siteSize)
    writer.bytes(bytes)
    if (priority !== 0) writer.number(group.priority, priority)
  }
  if (policySize > 0) {
    writer
      .open(assignment.policy, policySize)
      .open(policyField.overprovisioningFactor, factorSize)
      .number(wrapped.value, overprovisioning)
  }
  return writer.buffer
}

function sizesOf({ priority, site, bytes }: Run): { readonly siteSize: number; readonly groupSize: number } {
  const siteSize = Buffer.byteLength(site)
  const localitySize = siteSize === 0 ? 0 : fieldSize(fieldSize(siteSize))
  return { siteSize, groupSize: localitySize + bytes.length + (priority === 0 ? 0 : 1 + varintSize(priority)) }
}

/** Takes over what the last run has at its start and at its end, and encodes what is between. */
function encodeRun({ priority, site, endpoints }: EndpointGroup, lastRuns: readonly Run[]): Run {
  const last = lastRuns.find((run) => run.priority === priority && run.site === site) ?? nothing
  const most = Math.min(endpoints.length, last.endpoints.length)
  let start = 0
  while (start < most && endpoints[start] === last.endpoints[start]) start += 1
  let end = 0
  while (end < most - start && endpoints.at(-1 - end) === last.endpoints.at(-1 - end)) end += 1

  const between = endpoints.slice(start, endpoints.length - end).map(encodeEndpoint)
  const before = last.bytes.subarray(0, endOf(last, start))
  const after = last.bytes.subarray(endOf(last, last.endpoints.length - end))
  const bytes = Buffer.concat([before, ...between, after])

  const ends = new Uint32Array(endpoints.length)
  ends.set(last.ends.subarray(0, start))
  let at = before.length
  for (const [index, { length }] of between.entries()) {
    at += length
    ends[start + index] = at
  }
  const shift = bytes.length - last.bytes.length
  for (let index = end; index > 0; index -= 1) {
    ends[endpoints.length - index] = (last.ends[last.ends.length - index] ?? 0) + shift
  }
  return { priority, site, endpoints, bytes, ends }
}

const nothing: Run = { priority: 0, site: '', endpoints: [], bytes: Buffer.alloc(0), ends: new Uint32Array(0) }

/** Where the first `count` endpoints of a run end. */
function endOf({ ends }: Run, count: number): number {
  return count === 0 ? 0 : (ends[count - 1] ?? 0)
}

/** An endpoint as a field of its group, tag included. */
function encodeEndpoint({ instance, address, port, weight }: Endpoint): Buffer {
  const addressSize = Buffer.byteLength(address)
  const instanceSize = Buffer.byteLength(instance)
  const socketSize = fieldSize(addressSize) + 1 + varintSize(port)
  const endpointSize = fieldSize(fieldSize(socketSize)) + fieldSize(instanceSize)
  const weightSize = 1 + varintSize(weight)
  const size = fieldSize(endpointSize) + fieldSize(weightSize)
  return new WireWriter(fieldSize(size))
    .open(group.lbEndpoints, size)
    .open(lbEndpoint.endpoint, endpointSize)
    .open(endpointField.address, fieldSize(socketSize))
    .open(addressField.socketAddress, socketSize)
    .text(socketAddress.address, address, addressSize)
    .number(socketAddress.portValue, port)
    .text(endpointField.hostname, instance, instanceSize)
    .open(lbEndpoint.loadBalancingWeight, weightSize)
    .number(wrapped.value, weight).buffer
}
