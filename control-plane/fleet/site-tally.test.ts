import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { Fleet } from './fleet.ts'
import { SiteTally } from './site-tally.ts'

t.test('what is counted of each site with each change equals what a look at all nodes counts', async (t) => {
  fc.assert(
    fc.property(anyJournal(), (entries) => {
      const fleet = new Fleet()
      using followed = new SiteTally(fleet)
      for (const entry of entries) fleet.apply([entry])
      using fresh = new SiteTally(fleet)
      const nodes = Map.groupBy(
        [...fleet.nodes.values()].filter(({ contact }) => contact !== 'none'),
        ({ spec }) => spec.site,
      )
      for (const { sites } of [followed, fresh]) {
        if (sites.size !== nodes.size) return false
        for (const [site, all] of nodes) {
          const counted = sites.get(site)
          const demoted = all.filter((node) => node.demoted).map(({ spec }) => spec.id)
          if (counted?.nodes !== all.length || counted.stopped !== all.filter(({ goodbye }) => goodbye).length)
            return false
          if ([...counted.demoted].sort().join() !== demoted.sort().join()) return false
          for (const [contact, count] of Object.entries(counted.contacts)) {
            if (count !== all.filter((node) => node.contact === contact).length) return false
          }
        }
      }
      return true
    }),
    { numRuns: 200 },
  )
  t.pass()
})
