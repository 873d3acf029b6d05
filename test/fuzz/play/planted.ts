import { registerHooks } from 'node:module'

/** A promise of the product's code, and what the code is without it. */
export type Plant = {
  /** Whose inputs are to find it. */
  readonly target: string
  readonly file: string
  readonly from: RegExp
  readonly to: string
}

/** The name of the variable by which a program is told what is broken in it. */
export const plantVariable = 'FUZZ_PLANT'

/** What is broken, as a text for that variable. */
export function plantText({ from, ...rest }: Plant): string {
  return JSON.stringify({ ...rest, from: from.source })
}

export function readPlant(text: string): Plant {
  const { from, ...rest } = JSON.parse(text) as Omit<Plant, 'from'> & { readonly from: string }
  return { ...rest, from: new RegExp(from) }
}

/** Breaks a rule as its file is loaded, in this thread. To be called before anything of the product is. */
export function plant({ file, from, to }: Plant): void {
  const url = new URL(`../../../${file}`, import.meta.url).href
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context)
      if (loaded !== url) return result
      const source = String(result.source)
      if (!from.test(source)) throw new Error(`${file} does not have what is to be broken any more: ${from}`)
      return { ...result, source: source.replace(from, to) }
    },
  })
}
