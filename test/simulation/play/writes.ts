import type { CheckRow, NodeRow, ServiceRow } from '#control-plane/consul/answers.ts'
import type { Operation } from '#control-plane/consul/operation.ts'
import { checkNotes, ownerKey } from '#control-plane/mirror/names.ts'
import type { Before } from '../models/consul.ts'
import { owner } from './cast.ts'

/** Whether a write changes a record that is not ours, by what there was before. */
export function touchesForeign(change: Operation, { rows }: Before): boolean {
  const foreign = (row: NodeRow | ServiceRow | CheckRow | undefined): boolean => {
    if (!row) return false
    if ('notes' in row) return row.notes !== checkNotes(owner)
    return row.meta[ownerKey] !== owner
  }
  const touched: (NodeRow | ServiceRow | CheckRow | undefined)[] = []
  if ('Node' in change) {
    const name = change.Node.Node.Node.toLowerCase()
    touched.push(rows.get(`node ${name}`))
    if (change.Node.Verb === 'delete-cas')
      for (const row of rows.values()) if ('node' in row && row.node.toLowerCase() === name) touched.push(row)
  } else if ('Service' in change) {
    touched.push(rows.get(`service ${change.Service.Node}\n${change.Service.Service.ID}`.toLowerCase()))
  } else if ('Check' in change) {
    touched.push(rows.get(`check ${change.Check.Check.Node}\n${change.Check.Check.CheckID}`.toLowerCase()))
  }
  return touched.some(foreign)
}

/** A write, for the notes of a history. */
export function describe(operation: Operation): string {
  if ('Node' in operation) return `${operation.Node.Verb} node ${operation.Node.Node.Node}`
  if ('Service' in operation) return `${operation.Service.Verb} service ${operation.Service.Service.ID}`
  if ('Check' in operation)
    return `${operation.Check.Verb} check ${operation.Check.Check.CheckID} ${operation.Check.Check.Status ?? ''}`
  return `${operation.KV.Verb} ${operation.KV.Key}`
}
