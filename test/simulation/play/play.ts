import '../edges/replace-edges.ts'

// What is simulated must not be loaded before its edges are replaced.
export const { playScenario } = await import('./history.ts')
export const { shrinkScenario } = await import('./shrink.ts')
export type { Played, Trace } from './history.ts'
export { faultKinds, type Scenario, scenarioOf } from './scenario.ts'
