import type { Test } from 'tap'
import type { OwnAnswer } from '#control-plane/routing/answers.ts'
import type { FullAnswer } from '../routing/envoy-table.ts'
import { type ProxyName, proxies } from './declaration.ts'
import type { Arrived } from './servers.ts'

/** The same promise, made of each proxy in turn. */
export function eachProxy(t: Test) {
  return (title: string, promise: (t: Test, proxy: ProxyName) => Promise<void>) =>
    t.test(title, async (t) => {
      for (const proxy of proxies) await t.test(`by ${proxy}`, (t) => promise(t, proxy))
    })
}

/** An answer as the gateways' own words are written down. */
export function said({ status, headers, body }: FullAnswer): OwnAnswer {
  return { status, contentType: headers['content-type'] ?? '', body }
}

/** What arrived at the instance, by its answer. */
export function arrivedIn({ body }: Pick<FullAnswer, 'body'>): Arrived {
  return JSON.parse(body)
}
