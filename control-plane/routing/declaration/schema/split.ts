import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { comparedHeader, serviceName, whole } from './names.ts'
import { condition, firstValue } from './route.ts'

const stepError = 'expected "cohort", or a share of the users such as "1%", "0.5%" or "100%"'

/** `cohort`, or a share of the users as text in YAML, thousandths in the program. */
const step = z.pipe(
  z.string({ error: stepError }).check(
    z.regex(/^(?:cohort|\d{1,3}(?:\.\d)?%)$/, { error: stepError }),
    z.refine((text) => text === 'cohort' || (permilleOf(text) > 0 && permilleOf(text) <= 1000), { error: stepError }),
  ),
  z.transform((text: string) => (text === 'cohort' ? ('cohort' as const) : permilleOf(text))),
)

function permilleOf(share: string): number {
  return Math.round(Number(share.slice(0, -1)) * 10)
}

const percent = (most: number) =>
  z
    .number({ error: `expected 0 to ${most}` })
    .check(z.gte(0, { error: `expected 0 to ${most}` }), z.lte(most, { error: `expected 0 to ${most}` }))

const GatePart = z.strictObject({
  requests: z._default(whole(1, 1_000_000), 100),
  window: z._default(duration(10_000), 300_000),
  errors: z._default(percent(100), 1),
  slower: z.optional(percent(10_000)),
})

const text = () =>
  z
    .string()
    .check(z.minLength(1, { error: 'expected a text' }), z.maxLength(200, { error: 'expected at most 200 characters' }))
const CanaryPart = z
  .strictObject({
    service: z.optional(serviceName()),
    metadata: z.optional(z.record(text(), text())),
    tag: z.optional(text()),
  })
  .check(
    z.refine((part) => Object.values(part).filter((each) => each !== undefined).length === 1, {
      error: 'say one of service, metadata or tag',
    }),
  )

const byError = 'expected "address", { header: x-user-id } or { cookie: session }'
const cookieName = () =>
  z.string().check(z.regex(/^[a-z0-9_]{1,40}$/, { error: 'expected a name of small letters, digits and "_"' }))

/** How a service's new version gets its requests. */
export const SplitPart = z
  .strictObject({
    canary: CanaryPart,
    cohort: z.optional(z.record(comparedHeader(), condition(firstValue))),
    by: z._default(
      z.union(
        [z.literal('address'), z.strictObject({ header: comparedHeader() }), z.strictObject({ cookie: cookieName() })],
        { error: byError },
      ),
      'address',
    ),
    steps: z.array(step).check(z.minLength(1, { error: 'expected at least one step' }), z.maxLength(50)),
    hold: z._default(duration(0), 600_000),
    gate: z.prefault(GatePart, {}),
    keep: z._default(duration(0), 3_600_000),
  })
  .check(
    z.refine(({ steps }) => steps.every((each, index) => each !== 'cohort' || index === 0), {
      path: ['steps'],
      error: 'the cohort comes first',
    }),
    z.refine(
      ({ steps }) => {
        const shares = steps.filter((each) => each !== 'cohort')
        return shares.every((share, index) => share > (shares[index - 1] ?? 0))
      },
      { path: ['steps'], error: 'each share must be greater than the one before' },
    ),
    z.refine(({ steps }) => steps.at(-1) === 1000, { path: ['steps'], error: 'the last step must be "100%"' }),
    z.refine(({ steps, cohort }) => steps[0] !== 'cohort' || Object.keys(cohort ?? {}).length > 0, {
      path: ['cohort'],
      error: 'say by which headers requests of the cohort are known',
    }),
  )
export type SplitPart = z.infer<typeof SplitPart>
