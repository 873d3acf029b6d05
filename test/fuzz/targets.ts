import type { Target } from './play/target.ts'

/** How many inputs a target gets in a test run, and in the long tier. */
export type Share = { readonly short: number; readonly long: number }

/** Targets that run in the process of the test. Each is loaded when it is its turn. */
export const inProcess = {
  'agent-message': { short: 400, long: 100_000 },
  'registry-body': { short: 400, long: 70_000 },
  'probe-answer': { short: 400, long: 130_000 },
  declaration: { short: 60, long: 3_000 },
  'import-nginx': { short: 60, long: 10_000 },
  'import-routes': { short: 100, long: 4_000 },
  'import-former': { short: 100, long: 5_000 },
  'import-registry': { short: 200, long: 50_000 },
  'xds-request': { short: 400, long: 100_000 },
  'buffer-segment': { short: 400, long: 130_000 },
  backup: { short: 200, long: 10_000 },
  audit: { short: 200, long: 15_000 },
  certificate: { short: 200, long: 20_000 },
  'certificate-request': { short: 100, long: 5_000 },
  scope: { short: 400, long: 70_000 },
  token: { short: 500, long: 250_000 },
  'metrics-page': { short: 200, long: 40_000 },
  'envoy-page': { short: 400, long: 50_000 },
  'consul-answer': { short: 400, long: 40_000 },
} as const satisfies Readonly<Record<string, Share>>

/** Those that need files, or a server of their own, and take longer for each input. */
export const besides = {
  'agent-buffer': { short: 60, long: 2_000 },
  'journal-file': { short: 60, long: 2_500 },
  'consul-server': { short: 60, long: 500 },
} as const satisfies Readonly<Record<string, Share>>

/** Those that throw at a real plane. */
export const atPlanes = {
  'plane-session': { short: 120, long: 2_500 },
  'plane-request': { short: 150, long: 4_000 },
  'plane-xds': { short: 100, long: 2_500 },
} as const satisfies Readonly<Record<string, Share>>

export const targets: Readonly<Record<string, Share>> = { ...inProcess, ...besides, ...atPlanes }

export async function loadTarget(name: string): Promise<Target> {
  if (!(name in targets)) throw new Error(`no target is called "${name}"`)
  const { target } = (await import(`./targets/${name}.ts`)) as { readonly target: Target }
  return target
}
