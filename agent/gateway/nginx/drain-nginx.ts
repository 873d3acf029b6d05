import type { DrainingProxy } from '../proxy.ts'
import { askPage } from './ask-proof.ts'
import { countsPath, drainingWord, drainPath } from './own-files.ts'

/**
 * An Nginx drains while a file is there: it looks for it with each request, and so is neither reloaded nor interrupted.
 * @param proof address and port of the agent's own server in it
 */
export function drainingNginx(proof: string, file: string): DrainingProxy {
  return {
    async drain(draining) {
      if (!draining) return
      const seen = await askPage(proof, drainPath)
      // One that does not answer does not run, or has the files of an older agent.
      if (seen !== undefined && seen !== drainingWord) throw new Error(`the workers of nginx cannot see ${file}`)
    },
    async underWay() {
      const text = await askPage(proof, countsPath)
      return text === undefined ? undefined : countedIn(text)
    },
  }
}

/** Requests under way in what `stub_status` says, without the one that asks. */
export function countedIn(text: string): number | undefined {
  const [, reading, writing] = /Reading: (\d+) Writing: (\d+)/.exec(text) ?? []
  return writing === undefined ? undefined : Math.max(0, Number(reading) + Number(writing) - 1)
}
