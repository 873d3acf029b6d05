import type { KindedServiceRow } from '../consul/answers.ts'
import type { ForeignSpec } from '../fleet/belief.ts'

/** Metadata that every Heddle puts on its records: with it a record is no foreign one, whichever installation wrote it. */
export const ownerKey = 'heddle-owner'
export const originKey = 'heddle-origin'

/** What others cannot reach: the loopback of whoever asks, or no address at all. */
const leadsNowhere = /^(127\.|0\.0\.0\.0$|::1?$|\[::1?\]$|localhost$|$)/i

export function isLoopback(address: string): boolean {
  return address !== '' && leadsNowhere.test(address)
}

/** Whether somebody else than a Heddle has registered it. */
export function isForeign({ meta, nodeMeta }: Pick<KindedServiceRow, 'meta' | 'nodeMeta'>): boolean {
  return ![meta, nodeMeta].some((each) => Object.hasOwn(each, ownerKey) || Object.hasOwn(each, originKey))
}

/** What we keep of a record of a catalogue. */
export function foreignSpec(datacenter: string, row: KindedServiceRow): ForeignSpec {
  const { node, id, service, port, tags, weight, nodeAddress } = row
  const address = leadsNowhere.test(row.address) && nodeAddress !== '' ? nodeAddress : row.address
  return { datacenter, node, id, service, address, nodeAddress, port, tags, metadata: row.meta, weight }
}
