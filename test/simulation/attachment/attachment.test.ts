import t from 'tap'
import { tell } from '../explore.ts'
import { type Deed, exploreAttachment } from './attachment-world.ts'

t.setTimeout(240_000)

const deeds: readonly { readonly title: string; readonly deeds: readonly Deed[] }[] = [
  {
    title: 'loses its plane and comes to another within the grace',
    deeds: [
      { kind: 'dies', plane: 0 },
      { kind: 'goes to', plane: 1 },
    ],
  },
]

for (const { title, deeds: all } of deeds) {
  await t.test(`an agent ${title}: one plane has it, and its last word counts`, { timeout: 240_000 }, async (t) => {
    const found = await exploreAttachment(all)
    t.equal(found.broken, undefined, tell(found))
    t.ok(found.states > 100, 'there are many ways')
    t.comment(`${found.states} states, ${found.ends} ends`)
  })
}
