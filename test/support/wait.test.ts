import t from 'tap'
import { waitFor } from './wait.ts'

await t.test('waiting ends with what was waited for', async (t) => {
  let looks = 0
  const seen = await waitFor(() => (looks += 1), {
    what: 'three looks',
    withinMs: 20_000,
    until: (n) => n === 3,
    everyMs: 1,
  })
  t.equal(seen, 3)
})

await t.test('a look that throws is not the end of waiting', async (t) => {
  let looks = 0
  const look = () => {
    looks += 1
    if (looks < 3) throw new Error('not yet')
    return 'there'
  }
  t.equal(await waitFor(look, { what: 'it', withinMs: 20_000, everyMs: 1 }), 'there')
})

for (const { name, look, says } of [
  { name: 'saw something else', look: () => 0, says: /gave up waiting for a crowd after 30 ms; last seen: 0/ },
  {
    name: 'saw nothing but failures',
    look: () => {
      throw new Error('refused')
    },
    says: /the last look failed: Error: refused/,
  },
  { name: 'never came to see', look: () => new Promise<never>(() => {}), says: /the first look never ended/ },
]) {
  await t.test(`who gives up says that it ${name}`, async (t) => {
    await t.rejects(waitFor<unknown>(look, { what: 'a crowd', withinMs: 30, everyMs: 5 }), says)
  })
}
