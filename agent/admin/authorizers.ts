import type { AuthenticatorState, AuthorizerState } from '../authorizer/authorizer.ts'
import type { Family } from './family.ts'

/** What the agent's own /health says of its authorizers. */
export function authorizersHealth(authorizers: readonly AuthorizerState[]) {
  return authorizers.map(({ authenticators, ...authorizer }) => ({
    ...authorizer,
    authenticators: authenticators.map(({ keys, ...state }) => ({
      ...state,
      ...(keys && { keys: { ...keys, age_ms: keys.age_ms && Math.round(keys.age_ms) } }),
    })),
  }))
}

/** Whether one of them cannot judge the tokens that come now. */
export function someUnable(authorizers: readonly AuthorizerState[]): boolean {
  return authorizers.some(
    ({ authenticators, unknown }) =>
      unknown.length > 0 || authenticators.some(({ unable, retired }) => unable !== undefined && !retired),
  )
}

const answers = ['granted', 'refused', 'forbidden', 'unable'] as const

/** The same for its own /metrics. */
export function authorizerFamilies(authorizers: readonly AuthorizerState[]): readonly Family[] {
  const each = authorizers.flatMap(({ gateway, authenticators }) =>
    authenticators.map((state) => ({ labels: { gateway, authenticator: state.name }, state })),
  )
  const family = (
    name: string,
    type: Family['type'],
    help: string,
    read: (state: AuthenticatorState) => number | undefined,
  ): Family => ({
    name,
    help,
    type,
    samples: each.flatMap(({ labels, state }) => {
      const value = read(state)
      return value === undefined ? [] : [{ labels, value }]
    }),
  })
  return [
    family('heddle_agent_authorizer_asked_total', 'counter', 'Questions of proxies.', ({ counts }) => counts.asked),
    {
      name: 'heddle_agent_authorizer_answers_total',
      help: 'Answers to proxies: granted (200), refused (401), forbidden (403), unable to tell (503).',
      type: 'counter',
      samples: each.flatMap(({ labels, state }) =>
        answers.map((answer) => ({ labels: { ...labels, answer }, value: state.counts[answer] })),
      ),
    },
    family(
      'heddle_agent_authorizer_cache_hits_total',
      'counter',
      'Questions that were answered from what was known.',
      ({ counts }) => counts.known,
    ),
    family(
      'heddle_agent_authorizer_service_questions_total',
      'counter',
      'Questions about tokens to the service of an authenticator.',
      ({ kind, questions }) => (kind === 'external' ? questions : undefined),
    ),
    family('heddle_agent_authorizer_known', 'gauge', 'Judgements that are kept.', ({ known }) => known),
    family('heddle_agent_authorizer_able', 'gauge', '1 if new tokens can be judged.', ({ unable }) =>
      unable === undefined ? 1 : 0,
    ),
    family('heddle_agent_authorizer_keys', 'gauge', 'Keys in the key set.', ({ keys }) => keys?.keys),
    family(
      'heddle_agent_authorizer_key_set_age_seconds',
      'gauge',
      'Since the key set was last had from its service.',
      ({ keys }) => (keys?.age_ms === undefined ? undefined : keys.age_ms / 1000),
    ),
    {
      name: 'heddle_agent_authorizer_in_vain_total',
      help: 'Questions for authenticators that are not here.',
      type: 'counter',
      samples: authorizers.map(({ gateway, in_vain }) => ({ labels: { gateway }, value: in_vain })),
    },
  ]
}
