import * as z from 'zod/mini'
import { SplitMovedView, type SplitRequest, SplitView, WholeSplitView } from '#shared/protocol/split-api.ts'
import type { Ask } from './request.ts'

/** Asks about the splits of services, and steers them. Fails as `Plane` does. */
export class SplitCalls {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  list(): Promise<SplitView[]> {
    return this.#ask({ asked: 'list splits', path: '/v1/routing/splits' }, z.array(SplitView))
  }

  /** @param mostMs bounds this request, besides the deadline */
  find(service: string, mostMs?: number): Promise<WholeSplitView> {
    const request = { asked: `read the split of ${service}`, path: pathOf(service) }
    return this.#ask(mostMs === undefined ? request : { ...request, mostMs }, WholeSplitView)
  }

  /** @param serial the state that it was decided for; undefined: whichever it is */
  steer(service: string, body: SplitRequest, serial: number | undefined): Promise<SplitMovedView> {
    const asked = `${body.action} the split of ${service}`
    const request = { asked, method: 'POST', path: pathOf(service), body } as const
    return this.#ask(serial === undefined ? request : { ...request, ifMatch: `"${serial}"` }, SplitMovedView)
  }
}

function pathOf(service: string): string {
  return `/v1/routing/splits/${encodeURIComponent(service)}`
}
