import { parentPort, workerData } from 'node:worker_threads'
import { plantRule } from './planted.ts'
import type { Asked, Told } from './play-seeds.ts'

type ThreadData = Asked & { readonly place: number; readonly threads: number }

const { first, last, trace = false, shrink = false, plant, place, threads } = workerData as ThreadData
if (plant !== undefined) plantRule(plant)
const { playScenario, scenarioOf, shrinkScenario } = await import('./play.ts')

const tell = (told: Told) => parentPort?.postMessage(told)
const line = (at: number, who: string, text: string) =>
  tell({ kind: 'line', text: `${(at / 1000).toFixed(3).padStart(8)} ${who.padEnd(12)} ${text}` })

for (let seed = first + place; seed <= last; seed += threads) {
  let played = await playScenario(scenarioOf(seed), trace && !shrink ? line : undefined)
  if (played.broken && shrink) {
    played = await shrinkScenario(played)
    tell({ kind: 'line', text: `smaller: ${JSON.stringify(played.scenario)}` })
    if (trace) await playScenario(played.scenario, line)
  }
  const { broken } = played
  tell({
    kind: 'played',
    played: { ...played, broken: broken && (broken.name === 'Broken' ? broken.message : broken.stack) },
  })
}
