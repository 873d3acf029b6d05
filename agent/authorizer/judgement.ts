/** A token that may pass, with what it says of who brings it. */
export type Granted = {
  readonly kind: 'granted'
  /** As it goes into a header: undefined where nothing says who it is. */
  readonly subject: string | undefined
  readonly permissions: ReadonlySet<string>
  /** The token's own end in epoch milliseconds, leeway and all; undefined: it has none. */
  readonly endsAt: number | undefined
}

/** What is made of a token. */
export type Judgement =
  | Granted
  /** It is not valid. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It is valid, but not for this. */
  | { readonly kind: 'forbidden'; readonly why: string }
  /** Nobody can tell now. */
  | { readonly kind: 'unable'; readonly why: string }

/** What was learnt of a token, and for how many milliseconds that counts; 0: for those who wait for it now. */
export type Learned = { readonly judgement: Judgement; readonly keepMs: number }

export const refused = (why: string): Judgement => ({ kind: 'refused', why })
export const unable = (why: string): Judgement => ({ kind: 'unable', why })

/** What a judgement weighs in memory, about, in bytes. */
export function weightOf(judgement: Judgement): number {
  if (judgement.kind !== 'granted') return 200
  let weight = 400 + (judgement.subject?.length ?? 0) * 2
  for (const permission of judgement.permissions) weight += 60 + permission.length * 2
  return weight
}

/** A text as the bytes of a header carry it; undefined where they cannot. */
export function headerText(text: string): string | undefined {
  const bytes = Buffer.from(text, 'utf8')
  const fits = bytes.length > 0 && bytes.length <= 1_000 && bytes.every((byte) => byte >= 0x20 && byte !== 0x7f)
  return fits ? bytes.toString('latin1') : undefined
}
