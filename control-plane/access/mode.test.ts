import t from 'tap'
import { AccessMode } from './mode.ts'

const modes = [
  { required: undefined, exposed: false, tokens: false, wanted: false },
  { required: undefined, exposed: false, tokens: true, wanted: true },
  { required: undefined, exposed: true, tokens: false, wanted: true },
  { required: false, exposed: true, tokens: true, wanted: false },
  { required: false, exposed: false, tokens: true, wanted: false },
  { required: true, exposed: false, tokens: false, wanted: true },
] as const

for (const { required, exposed, tokens, wanted } of modes) {
  t.test(
    `required ${required}, ${exposed ? 'exposed' : 'on loopback'}, ${tokens ? 'some' : 'no'} tokens`,
    async (t) => {
      const mode = new AccessMode({
        config: { required },
        exposed,
        store: { hasApiTokens: async () => tokens, hasEnrolledUsers: async () => false },
      })
      await mode.look()
      t.equal(mode.required(), wanted)
      t.equal(mode.warning() === undefined, wanted, 'whatever is open is said')
      t.equal(mode.problem() !== undefined, !wanted && exposed)
    },
  )
}

t.test('the first token that is made closes it at once, unless it is said to stay open', async (t) => {
  const store = { hasApiTokens: async () => false, hasEnrolledUsers: async () => false }
  const mode = new AccessMode({ config: { required: undefined }, exposed: false, store })
  mode.claim()
  await mode.look()
  t.equal(mode.required(), true)
  const open = new AccessMode({ config: { required: false }, exposed: false, store })
  open.claim()
  t.equal(open.required(), false)
})
