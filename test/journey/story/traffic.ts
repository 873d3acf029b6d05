import type { Landscape } from '#test/support/landscape/landscape.ts'
import { drive, type Summary } from '#test/support/traffic.ts'
import { hold } from './step.ts'

export type BothWays = { readonly envoy: Summary; readonly nginx: Summary }

/** Sends requests to the Basic Servers through both proxies while `during` runs, and sums up each way. */
export async function underTraffic<T>(
  { envoyUrl, nginxUrl }: Landscape,
  perSecond: number,
  during: () => Promise<T>,
): Promise<{ readonly result: T } & BothWays> {
  const path = '/api/services/hello'
  await using throughEnvoy = drive({ url: `${envoyUrl}${path}`, perSecond })
  await using throughNginx = drive({ url: `${nginxUrl}${path}`, perSecond })
  const result = await during()
  const [envoy, nginx] = await Promise.all([throughEnvoy.stop(), throughNginx.stop()])
  return { result, envoy, nginx }
}

/** Rejects if any request failed or was answered with anything but 200. */
export function noneFailed({ envoy, nginx }: BothWays): string {
  for (const [way, summary] of [
    ['Envoy', envoy],
    ['Nginx', nginx],
  ] as const) {
    hold(summary.failed === 0, `${summary.failed} requests through ${way} failed: ${JSON.stringify(summary)}`)
  }
  return `${envoy.sent + nginx.sent} requests, none failed`
}
