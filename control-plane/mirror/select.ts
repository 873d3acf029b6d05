import { matcher } from '../consul/pattern.ts'

/** Which instances a datacenter shows: those that fit one of the rules. A rule that names both wants both. */
export type SelectRule = { readonly cluster?: string | undefined; readonly service?: string | undefined }

export type Selects = (instance: { readonly cluster: string; readonly service: string }) => boolean

/** Patterns are names in which `*` stands for any characters. */
export function selects(rules: readonly SelectRule[]): Selects {
  const fits = rules.map(({ cluster = '*', service = '*' }) => ({
    cluster: matcher(cluster),
    service: matcher(service),
  }))
  return (instance) => fits.some((rule) => rule.cluster(instance.cluster) && rule.service(instance.service))
}
