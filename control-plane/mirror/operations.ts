import type { Operation } from '../consul/operation.ts'
import type { Step } from './catalogue.ts'

/** A step in the words of Consul's transactions. */
export function operationOf(step: Step): Operation {
  const { verb: Verb, index: ModifyIndex } = step
  switch (step.what) {
    case 'node': {
      const { name: Node, address: Address, meta: Meta } = step.record
      if (Verb === 'delete-cas') return { Node: { Verb, Node: { Node, ModifyIndex } } }
      return { Node: { Verb, Node: { Node, Address, Meta, ModifyIndex } } }
    }
    case 'service': {
      const {
        node: Node,
        id: ID,
        service: Service,
        address: Address,
        port: Port,
        tags: Tags,
        meta: Meta,
        weight,
      } = step.record
      // Also a deletion names the service: that is what permission is given for.
      if (Verb === 'delete-cas') return { Service: { Verb, Node, Service: { ID, Service, ModifyIndex } } }
      const Weights = { Passing: weight, Warning: weight }
      return { Service: { Verb, Node, Service: { ID, Service, Address, Port, Tags, Meta, Weights, ModifyIndex } } }
    }
    case 'check': {
      const { node: Node, id: CheckID, name: Name, status: Status, notes: Notes, output: Output } = step.record
      const { serviceId: ServiceID, serviceName: ServiceName } = step.record
      const Check = { Node, CheckID, Name, Status, Notes, Output, ServiceID, ServiceName, ModifyIndex }
      return { Check: { Verb: 'cas', Check } }
    }
  }
}

/** A bound for the bytes of a step as JSON, without making the text: a character takes at most six, as an escape. */
export function mostBytesOf({ what, record }: Step): number {
  switch (what) {
    case 'node':
      return framing + textBytes(record.name, record.address) + pairBytes(record.meta)
    case 'service':
      return (
        framing +
        textBytes(record.node, record.id, record.service, record.address) +
        textBytes(...record.tags) +
        pairBytes(record.meta)
      )
    case 'check':
      return (
        framing +
        textBytes(
          record.node,
          record.id,
          record.name,
          record.notes,
          record.output,
          record.serviceId,
          record.serviceName,
        )
      )
  }
}

/** The names of the fields, numbers and punctuation. */
const framing = 300

function textBytes(...texts: readonly string[]): number {
  let bytes = 0
  for (const text of texts) bytes += text.length * 6 + 3
  return bytes
}

function pairBytes(pairs: Readonly<Record<string, string>>): number {
  let bytes = 0
  for (const key in pairs) bytes += (key.length + (pairs[key]?.length ?? 0)) * 6 + 6
  return bytes
}
