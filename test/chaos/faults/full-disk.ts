import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { diskOf } from '../world/plan.ts'
import { agentsOf, type FaultKind, injected } from './fault.ts'

/** Not a byte more can be written. */
export const fullDisk: FaultKind = {
  name: 'full-disk',
  targets: (plan) => [...plan.planes, plan.database, ...plan.consuls.map(({ unit }) => unit), ...agentsOf(plan)],
  seconds: [5, 20],
  weight: 2,
  harms: (target) => ({ hits: [target] }),
  inject: async (world, target) => {
    const filler = join(diskOf(world.folder, target), 'filler')
    const fill = await keepFull(filler)
    return injected({ hits: [target] }, async () => {
      await fill[Symbol.asyncDispose]()
      await rm(filler, { force: true })
      await world.unit(target).start()
    })
  },
}

/** Also takes what becomes free meanwhile. */
async function keepFull(path: string): Promise<AsyncDisposable> {
  const file = await open(path, 'w')
  const sizes = [1024 * 1024, 64 * 1024, 4 * 1024].map((size) => Buffer.alloc(size, 1))
  const fill = async () => {
    for (const bytes of sizes) {
      try {
        for (;;) {
          const { bytesWritten } = await file.write(bytes)
          if (bytesWritten < bytes.length) break
        }
      } catch {
        // No room for one more of this size.
      }
    }
  }
  await fill()
  let filling = Promise.resolve()
  const timer = setInterval(() => {
    filling = filling.then(fill)
  }, 200)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await filling
      await file.close()
    },
  }
}
