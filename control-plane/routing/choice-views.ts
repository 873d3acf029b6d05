import type { ChoiceView } from '#shared/protocol/route-explain.ts'
import type { Choice, LeftOut, RouteTable } from './table.ts'

/** What is known about a service besides its endpoints: those of its instances that are not called, and why. */
export type LeftOutOf = (service: string) => readonly LeftOut[]

/** Each service with its share of the requests, who of it can be called, and who is left out and why. */
export function choiceViews(
  choices: readonly Choice[],
  services: RouteTable['services'],
  leftOutOf: LeftOutOf,
): ChoiceView[] {
  const whole = choices.reduce((sum, { weight }) => sum + weight, 0)
  return choices.map(({ service, weight }) => {
    const endpoints = services.find(({ name }) => name === service)?.endpoints ?? []
    return {
      service,
      percent: Math.round((weight * 1000) / whole) / 10,
      candidates: endpoints.map(({ instance, address, port, weight, priority }) => {
        return { instance, address, port, weight, last: priority > 0 }
      }),
      left_out: leftOutOf(service).map(({ instance, reason }) => ({ instance, reason })),
    }
  })
}
