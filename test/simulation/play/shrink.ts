import { type Played, playScenario } from './history.ts'
import type { Scenario } from './scenario.ts'

const mostTries = 60

/** A history that breaks as well, with less in it: fewer planes, machines, kinds of faults, less time. */
export async function shrinkScenario(played: Played): Promise<Played> {
  let smallest = played
  let tries = 0
  for (let found = true; found && tries < mostTries; ) {
    found = false
    for (const smaller of smallerThan(smallest.scenario)) {
      tries += 1
      const tried = await playScenario(smaller)
      if (!tried.broken) continue
      smallest = tried
      found = true
      break
    }
  }
  return smallest
}

function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { faults, planes, sites, serversOnMachine, datacenters, troubledMs } = scenario
  for (const fault of faults) yield { ...scenario, faults: faults.filter((each) => each !== fault) }
  if (planes > 1) yield { ...scenario, planes: planes - 1 }
  if (datacenters > 1) yield { ...scenario, datacenters: 1 }
  if (serversOnMachine > 1) yield { ...scenario, serversOnMachine: 1 }
  if (sites.length > 1) yield { ...scenario, sites: sites.slice(0, 1) }
  for (const [place, { name, machines }] of sites.entries()) {
    if (machines > 1) yield { ...scenario, sites: sites.with(place, { name, machines: machines - 1 }) }
  }
  if (troubledMs > 5_000) yield { ...scenario, troubledMs: troubledMs / 2 }
}
