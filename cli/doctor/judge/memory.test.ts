import t from 'tap'
import { memoryFindings, memoryIn } from './memory.ts'

const gib = 1024 * 1024
const fine = { total: 8 * gib, available: 4 * gib, swapTotal: gib, swapFree: gib }

t.test('the lines of the kernel are read', async (t) => {
  const text =
    'MemTotal:        3774873 kB\nMemFree: 1 kB\nMemAvailable:    2000000 kB\nSwapTotal:       0 kB\nSwapFree:        0 kB\n'
  t.strictSame(memoryIn(text), { total: 3_774_873, available: 2_000_000, swapTotal: 0, swapFree: 0 })
  t.equal(memoryIn('nothing'), undefined)
})

for (const { what, memory, around = {}, says } of [
  { what: 'with enough', memory: {}, says: [{ level: 'ok' }] },
  { what: 'without swap', memory: { swapTotal: 0, swapFree: 0 }, says: [{ level: 'ok' }] },
  { what: 'with little left', memory: { available: 300 * 1024 }, says: [{ level: 'warning' }] },
  { what: 'with nothing left', memory: { available: 50 * 1024 }, says: [{ level: 'error' }] },
  { what: 'that swaps', memory: { swapFree: gib / 4 }, says: [{ level: 'warning', text: /768 of 1024 MiB of swap/ }] },
  {
    what: 'that is small, with a plane of the usual size',
    memory: { total: 3.6 * gib },
    around: { hasPlane: true },
    says: [{ level: 'warning', remedy: /size: small/ }],
  },
  {
    what: 'that is small and told so',
    memory: { total: 3.6 * gib },
    around: { hasPlane: true, isSmall: true },
    says: [{ level: 'ok' }],
  },
]) {
  t.test(`a host ${what}`, async (t) => {
    const found = memoryFindings({ ...fine, ...memory }, { isSmall: false, hasPlane: false, ...around })
    t.match(found, says)
    t.equal(found.length, says.length)
  })
}
