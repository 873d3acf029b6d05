import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from 'zod/mini'
import type { Revocation } from '../fleet/identity.ts'
import { RevocationRows } from './revocation-file.ts'
import { seal, unseal } from './seal.ts'

/** Of a text that is kept elsewhere: a key of Consul's takes 512 KiB, in base64 and with what stands around it. */
const mostCharacters = 300 * 1024
/** What it may become when it is read; more than ten times what fits is none of ours. */
const mostBytes = 32 * 1024 * 1024

export type SealedText = {
  readonly text: string
  /** Revocations for which there was no room: those that end first. */
  readonly left: number
}

/**
 * Revocations as they may lie where others can write: closed up by the installation's secret, so that nobody else can revoke anything by
 * them, or reads who was. An older text that somebody puts back takes nothing away, since what several places know is united.
 */
export function sealRevocations(
  secret: Uint8Array,
  installation: string,
  revocations: readonly Revocation[],
): SealedText {
  const lasting = revocations.toSorted((a, b) => b.endsAt - a.endsAt)
  for (let count = lasting.length; ; count = Math.floor(count / 2)) {
    const plain = deflateRawSync(JSON.stringify(lasting.slice(0, count)))
    const text = seal(secret, purposeOf(installation), plain)
    if (text.length <= mostCharacters) return { text, left: lasting.length - count }
  }
}

/** What `sealRevocations` closed up; undefined: it was somebody else who wrote that. */
export function unsealRevocations(
  secret: Uint8Array,
  installation: string,
  text: string,
): readonly Revocation[] | undefined {
  if (text.length > mostCharacters) return undefined
  const plain = unseal(secret, purposeOf(installation), text)
  if (!plain) return undefined
  try {
    const rows = JSON.parse(inflateRawSync(plain, { maxOutputLength: mostBytes }).toString('utf8'))
    return z.parse(RevocationRows, rows)
  } catch {
    return undefined
  }
}

function purposeOf(installation: string): string {
  return `revocations ${installation}`
}
