import fc from 'fast-check'
import type {
  Admitted,
  ForeignBelief,
  InstallationBelief,
  InstanceBelief,
  NodeBelief,
} from '#control-plane/fleet/belief.ts'
import { anyForeignSpec, anyInstanceSpec, anyNodeSpec, anyReason, foreignHealth } from './specs.ts'
import {
  admission,
  attachment,
  author,
  contact,
  death,
  expiry,
  health,
  instance,
  machines,
  shaped,
  site,
  someNode,
  text,
  time,
} from './words.ts'

const takenOut = fc.constantFrom('draining', 'maintenance', 'quarantined')
const admitted: fc.Arbitrary<Admitted> = shaped({
  state: admission,
  reason: text,
  by: author,
  since: time,
  expiresAt: expiry,
})

/** Any belief of an instance, whether or not a journal leads to it. */
export const anyInstanceBelief: fc.Arbitrary<InstanceBelief> = instance.chain((id) =>
  shaped({
    spec: anyInstanceSpec(id),
    node: someNode,
    origin: fc.constantFrom('agent', 'client'),
    registeredBy: author,
    registeredAt: time,
    health,
    reason: anyReason,
    healthSince: time,
    silent: fc.boolean(),
    death: fc.option(
      death.chain((known) => time.map((at) => ({ ...known, at }))),
      { nil: undefined, freq: 1 },
    ),
    admission: admitted,
    revision: fc.integer({ min: 1, max: 1_000_000 }),
  }),
)

/** Any belief of a node, whether or not a journal leads to it. */
export const anyNodeBelief: fc.Arbitrary<NodeBelief> = shaped(
  {
    spec: anyNodeSpec,
    contact,
    contactSince: time,
    attachment: fc.option(attachment, { nil: undefined }),
    demoted: fc.boolean(),
    joinedAt: time,
    revision: fc.integer({ min: 1, max: 1_000_000 }),
    admission: admitted.chain((order) => takenOut.map((state) => ({ ...order, state }))),
  },
  ['spec', 'contact', 'contactSince', 'attachment', 'demoted', 'joinedAt', 'revision'],
)

/** Any belief of a record of others, whether or not a journal leads to it. */
export const anyForeignBelief: fc.Arbitrary<ForeignBelief> = shaped({
  spec: anyForeignSpec,
  health: foreignHealth,
  check: text,
  foundAt: time,
  healthSince: time,
  revision: fc.integer({ min: 1, max: 1_000_000 }),
})

/** Any belief of the installation. */
export const anyInstallation: fc.Arbitrary<InstallationBelief> = shaped({
  frozen: fc.option(shaped({ by: author, reason: text, since: time }), { nil: undefined }),
  holds: fc
    .array(shaped({ site, machines, since: time, until: time }), { maxLength: 2 })
    .map((holds) => new Map(holds.map((hold) => [hold.site, hold]))),
  revision: fc.nat(),
})
