import type { Member } from '#test/support/landscape/landscape.ts'

/** The worst lateness of any check of these members' agents in milliseconds, as the agents themselves count it. */
export async function checkLateness(members: readonly Member[]): Promise<number> {
  const pages = await Promise.all(
    members.map(async ({ plan }) => {
      const response = await fetch(`http://127.0.0.1:${plan.agentPort}/metrics`, { signal: AbortSignal.timeout(5_000) })
      return response.text()
    }),
  )
  const values = pages.flatMap((page) =>
    [...page.matchAll(/^heddle_agent_check_late_max_seconds(?:\{[^}]*\})? ([0-9.e-]+)$/gm)].map(
      ([, value]) => Number(value) * 1000,
    ),
  )
  if (values.length < members.length) throw new Error('an agent does not say how late its checks were')
  return Math.max(...values)
}
