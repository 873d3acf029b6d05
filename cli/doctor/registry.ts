import type { Check } from './check.ts'
import { agent } from './checks/agent.ts'
import { clock } from './checks/clock.ts'
import { consul } from './checks/consul.ts'
import { database } from './checks/database.ts'
import { disk } from './checks/disk.ts'
import { dns } from './checks/dns.ts'
import { fleet } from './checks/fleet.ts'
import { helper } from './checks/helper.ts'
import { identity } from './checks/identity.ts'
import { kubernetes } from './checks/kubernetes.ts'
import { limits } from './checks/limits.ts'
import { memory } from './checks/memory.ts'
import { permissions } from './checks/permissions.ts'
import { plane } from './checks/plane.ts'
import { ports } from './checks/ports.ts'
import { providers } from './checks/providers.ts'
import { proxies } from './checks/proxies.ts'
import { state } from './checks/state.ts'
import { units } from './checks/units.ts'
import { versions } from './checks/versions.ts'
import { xds } from './checks/xds.ts'

/** Everything that is examined. A new check gets a line here and a word in `checkNames`. */
export const checks: readonly Check[] = [
  ports,
  state,
  permissions,
  disk,
  limits,
  memory,
  clock,
  dns,
  identity,
  plane,
  xds,
  agent,
  helper,
  database,
  consul,
  kubernetes,
  proxies,
  providers,
  units,
  versions,
  fleet,
]
