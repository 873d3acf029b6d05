import { createInterface } from 'node:readline'

/**
 * Answers each line of JSON on standard input with one on standard output, in order; the process ends with its standard input, so it cannot
 * outlive whoever started it.
 */
export async function serveCommands<C>(follow: (command: C) => object | Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) answer(await follow(JSON.parse(line)))
}

export function answer(said: object): void {
  process.stdout.write(`${JSON.stringify(said)}\n`)
}

/** Milliseconds of the machine's steady clock, which all of its processes share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
