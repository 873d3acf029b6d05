import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { projectFolder } from '../parts.ts'

const Duration = z.string().regex(/^\d+(ms|s|m|h)$/)
const words = z.array(z.string())
const Depends = z.record(
  z.string(),
  z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }),
)

/** A service, as far as ours says anything; what the compose specification does not know, or ours does not use, is refused. */
const Service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), target: z.string() }).optional(),
  user: z.string().regex(/^\d+:\d+$/),
  group_add: words.default([]),
  hostname: z.string().optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
  volumes: z.array(z.string().regex(/^[a-z0-9-]+:\/[^:]+(:ro)?$/)).default([]),
  tmpfs: words.default([]),
  networks: words.optional(),
  network_mode: z
    .string()
    .regex(/^(none|service:[a-z0-9-]+)$/)
    .optional(),
  ports: words.default([]),
  profiles: words.default([]),
  depends_on: Depends.default({}),
  healthcheck: z
    .strictObject({
      test: words.refine(([kind]) => kind === 'CMD'),
      interval: Duration,
      timeout: Duration,
      start_period: Duration,
      retries: z.int().positive(),
    })
    .optional(),
  restart: z.enum(['no', 'unless-stopped']),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  pids_limit: z.int().positive(),
  mem_limit: z.string().regex(/^\d+[mg]$/),
  stop_grace_period: Duration.optional(),
  stop_signal: z.string().optional(),
  logging: z.strictObject({ driver: z.string() }),
})
export type Service = z.output<typeof Service>

const Compose = z
  .object({
    name: z.string(),
    services: z.record(z.string().regex(/^[a-z0-9-]+$/), Service),
    configs: z.record(z.string(), z.strictObject({ file: z.string() })),
    volumes: z.record(z.string(), z.strictObject({})),
    networks: z.record(z.string(), z.strictObject({ internal: z.boolean().default(false) })),
  })
  .catchall(z.unknown())
  .refine((all) => Object.keys(all).every((key) => /^(name|services|configs|volumes|networks|x-[a-z-]+)$/.test(key)))
export type Compose = z.output<typeof Compose>

/** compose.yaml as an engine understands it, with the defaults of its variables. Throws on whatever it says beyond the schema above. */
export async function readCompose(): Promise<Compose> {
  const text = await readFile(join(projectFolder, 'compose.yaml'), 'utf8')
  return Compose.parse(parse(withDefaults(text), { merge: true }))
}

/** The variables that it takes, each with what it is where nobody sets it. */
export function variablesIn(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value = '']) => [name, value]))
}

function withDefaults(text: string): string {
  return text.replace(/\$\{(\w+):-([^}]*)\}/g, '$2')
}

export type VolumeMount = { readonly volume: string; readonly target: string; readonly readOnly: boolean }

export function volumesOf({ volumes }: Service): readonly VolumeMount[] {
  return volumes.map((text) => {
    const [volume = '', target = '', mode] = text.split(':')
    return { volume, target, readOnly: mode === 'ro' }
  })
}

/** The service whose network a service shares; undefined: it has its own, or none. */
export function networkOwner({ network_mode: mode = '' }: Service): string | undefined {
  return mode.startsWith('service:') ? mode.slice('service:'.length) : undefined
}

/** Services in an order in which each comes after those that it waits for. Throws where they wait for each other. */
export function inOrder({ services }: Compose): readonly string[] {
  const order: string[] = []
  const visit = (name: string, above: readonly string[]) => {
    if (above.includes(name)) throw new Error(`${[...above, name].join(' waits for ')}`)
    if (order.includes(name)) return
    const service = services[name]
    if (!service) throw new Error(`${above.at(-1)} waits for ${name}, which is not there`)
    const owner = networkOwner(service)
    for (const other of [...Object.keys(service.depends_on), ...(owner ? [owner] : [])]) visit(other, [...above, name])
    order.push(name)
  }
  for (const name of Object.keys(services)) visit(name, [])
  return order
}
