import * as z from 'zod/mini'

const Licence = z.union([
  z.looseObject({ license: z.looseObject({ id: z.optional(z.string()), name: z.optional(z.string()) }) }),
  z.looseObject({ expression: z.string() }),
])

/** A bill of materials in CycloneDX's JSON, as far as it is looked into. */
export const Bill = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z.looseObject({ component: z.looseObject({ 'bom-ref': z.string(), name: z.string() }) }),
  components: z.array(
    z.looseObject({
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      licenses: z.optional(z.array(Licence)),
    }),
  ),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.optional(z.array(z.string())) })),
})
export type Bill = z.infer<typeof Bill>
export type Component = Bill['components'][number]

/** What package-lock.json says of packages, as far as it is looked into. */
export const Lock = z.looseObject({
  name: z.string(),
  packages: z.record(
    z.string(),
    z.looseObject({
      name: z.optional(z.string()),
      version: z.optional(z.string()),
      dev: z.optional(z.boolean()),
      hasInstallScript: z.optional(z.boolean()),
      integrity: z.optional(z.string()),
    }),
  ),
})
export type Lock = z.infer<typeof Lock>

/** The packages that are installed without those for development alone, as `name@version`. */
export function shippedPackages({ packages }: Lock): ReadonlySet<string> {
  return new Set(
    Object.entries(packages).flatMap(([path, { name, version, dev }]) =>
      path === '' || dev ? [] : [`${name ?? nameAt(path)}@${version}`],
    ),
  )
}

/** Packages that bring a script which npm would run. */
export function packagesWithScripts({ packages }: Lock): readonly string[] {
  return [
    ...new Set(
      Object.entries(packages).flatMap(([path, { name, hasInstallScript }]) =>
        path !== '' && hasInstallScript ? [name ?? nameAt(path)] : [],
      ),
    ),
  ].sort()
}

function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/**
 * A bill of all packages as one of those that are shipped. What npm itself leaves out as being for development (`--omit=dev`) is more than
 * that: also packages that are for both.
 */
export function shippedOnly(bill: Bill, lock: Lock): Bill {
  const shipped = shippedPackages(lock)
  const components = bill.components.filter(({ name, version }) => shipped.has(`${name}@${version}`))
  const own = bill.metadata.component
  const refs = new Set([own['bom-ref'], ...components.map((component) => component['bom-ref'])])
  return {
    ...bill,
    metadata: { ...bill.metadata, component: { ...own, name: lock.name } },
    components,
    dependencies: bill.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map((each) => ({ ...each, dependsOn: (each.dependsOn ?? []).filter((ref) => refs.has(ref)) })),
  }
}

/** The licences of a component as SPDX expressions; empty where it names none. */
export function licencesOf({ licenses = [] }: Component): readonly string[] {
  return licenses.map((each) =>
    'license' in each && isNamed(each.license) ? (each.license.id ?? each.license.name ?? '') : String(each.expression),
  )
}

function isNamed(value: unknown): value is { readonly id?: string; readonly name?: string } {
  return typeof value === 'object' && value !== null
}
