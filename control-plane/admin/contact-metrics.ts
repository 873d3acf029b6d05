import type { FleetView } from '../fleet/fleet.ts'
import { heldOf } from '../fleet/held.ts'
import { SiteTally } from '../fleet/site-tally.ts'
import type { ContactFigures } from '../ingest/agents/contact/watch-contact.ts'
import type { ConfirmFigures } from '../ingest/agents/vantage/confirm.ts'

/** What judges contact and deaths has counted. */
export type ContactSource = { readonly contact: () => ContactFigures; readonly deaths: () => ConfirmFigures }

/** Makes a gauge whose values are read when somebody asks for them. */
export type MakeGauge = (
  name: string,
  help: string,
  labels: readonly string[],
  read: (set: (labels: Record<string, string>, value: number) => void) => void,
) => void

/** Who is in contact, what is held because of it, and what vantages found. */
export function contactGauges(gauge: MakeGauge, fleet: FleetView, source: ContactSource | undefined): void {
  const tally = new SiteTally(fleet)
  gauge('heddle_site_nodes', 'Nodes with an agent, by site and contact.', ['site', 'contact'], (set) => {
    for (const { site, contacts } of tally.sites.values()) {
      for (const [contact, count] of Object.entries(contacts)) set({ site, contact }, count)
    }
  })
  gauge('heddle_site_unconfirmed_nodes', 'Nodes at the lowest priority since a hold ended.', ['site'], (set) => {
    for (const { site, demoted } of tally.sites.values()) set({ site }, demoted.size)
  })
  gauge('heddle_hold_machines', 'Machines of a site whose routing is held.', ['site'], (set) => {
    for (const { site, machines } of fleet.installation.holds.values()) set({ site }, machines.length)
  })
  gauge('heddle_hold_until_seconds', 'When a hold ends at the latest, Unix time.', ['site'], (set) => {
    for (const { site, until } of fleet.installation.holds.values()) set({ site }, until / 1000)
  })
  gauge(
    'heddle_hold_instances',
    'Routable instances that are held, by site and service.',
    ['site', 'service'],
    (set) => {
      for (const { hold, services } of heldOf(fleet)) {
        for (const { service, held } of services) set({ site: hold.site, service }, held)
      }
    },
  )
  if (!source) return
  gauge('heddle_holds', "Holds since the plane's start, by what became of them.", ['what'], (set) => {
    for (const [what, count] of Object.entries(source.contact().holds)) set({ what }, count)
  })
  gauge('heddle_demotions', "Nodes that fell to the lowest priority, since the plane's start.", [], (set) =>
    set({}, source.contact().demoted),
  )
  gauge('heddle_deaths', "Deaths that vantages confirmed since the plane's start.", ['how'], (set) => {
    for (const [how, count] of Object.entries(source.deaths().deaths)) set({ how }, count)
  })
  gauge('heddle_vantages_asking', 'Vantages that are looking at instances out of contact now.', [], (set) =>
    set({}, source.deaths().asking),
  )
  gauge('heddle_vantage_answers', "What they have found since the plane's start.", ['finding'], (set) => {
    for (const [finding, count] of Object.entries(source.deaths().answers)) set({ finding }, count)
  })
}
