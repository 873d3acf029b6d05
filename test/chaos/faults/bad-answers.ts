import { type FaultKind, injected } from './fault.ts'

const manners = ['error', 'garbage', 'half', 'hang'] as const

/** A Consul answers all with 500, with what is no JSON, with half of an answer, or not at all. */
export const badAnswers: FaultKind = {
  name: 'bad-answers',
  targets: (plan) => plan.consuls.flatMap(({ unit }) => manners.map((manner) => `${unit}/${manner}`)),
  seconds: [4, 25],
  weight: 2,
  harms: (target) => ({ hits: [target.split('/')[0] ?? ''] }),
  inject: async (world, target) => {
    const [consul = '', manner = ''] = target.split('/')
    await world.door(consul, manner)
    return injected({ hits: [consul] }, () => world.door(consul, 'pass'))
  },
}
