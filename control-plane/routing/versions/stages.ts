/** Some gateways that get a version together. `gateways`: those that it adds to the stages before it. */
export type Stage = { readonly name: string; readonly gateways: readonly string[] }

export type StagesResult = { readonly stages: readonly Stage[] } | { readonly problem: string }

/**
 * Which gateways get a version when. A stage is `all`, a share such as `50%`, a number, or names joined by `+`; each adds to those before
 * it, and `all` is the last one whether it is named or not.
 * @param concerned the gateways for which the version changes anything: shares and numbers count these, by name
 * @param known every gateway of this version and of the one before it
 */
export function stagesOf(
  asked: readonly string[],
  concerned: readonly string[],
  known: ReadonlySet<string>,
): StagesResult {
  const taken = new Set<string>()
  const stages: Stage[] = []
  const sorted = concerned.toSorted()
  for (const name of asked.at(-1) === 'all' ? asked : [...asked, 'all']) {
    const wanted = gatewaysOf(name, sorted, known)
    if ('problem' in wanted) return wanted
    const gateways = wanted.gateways.filter((gateway) => !taken.has(gateway))
    for (const gateway of gateways) taken.add(gateway)
    // A stage that adds nobody has nothing to prove; the last one is there in any case.
    if (gateways.length > 0 || name === 'all') stages.push({ name, gateways })
  }
  return { stages }
}

type Wanted = { readonly gateways: readonly string[] } | { readonly problem: string }

function gatewaysOf(stage: string, concerned: readonly string[], known: ReadonlySet<string>): Wanted {
  if (stage === 'all') return { gateways: [...known].sort() }
  const [, share] = /^(\d{1,3})%$/.exec(stage) ?? []
  if (share !== undefined) {
    const percent = Number(share)
    if (percent < 1 || percent > 100) return { problem: `"${stage}" is no share: expected 1% to 100%` }
    return { gateways: concerned.slice(0, Math.ceil((concerned.length * percent) / 100)) }
  }
  if (/^[1-9]\d{0,3}$/.test(stage) && !known.has(stage)) return { gateways: concerned.slice(0, Number(stage)) }
  const names = stage.split('+')
  const unknown = names.filter((name) => !known.has(name))
  return unknown.length === 0
    ? { gateways: names }
    : { problem: `"${stage}" is no stage: expected all, a share such as 50%, a number, or gateways joined by +` }
}
