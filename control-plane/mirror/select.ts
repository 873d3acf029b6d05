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

function matcher(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true
  if (!pattern.includes('*')) return (text) => text === pattern
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return (text) => expression.test(text)
}
