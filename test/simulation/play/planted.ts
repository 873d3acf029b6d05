import { registerHooks } from 'node:module'

/** A rule of the product, and what its code is without it. */
export type Plant = {
  readonly file: string
  readonly from: RegExp
  readonly to: string
}

/** Rules without which the product would do harm. Each has to be found missing by the histories. */
export const plants: Readonly<Record<string, Plant>> = {
  'the fence is checked by every transaction': {
    file: 'control-plane/mirror/apply.ts',
    from: /consul\.transact\(\[holding, \.\.\.steps\.map\(operationOf\)\], signal\)/,
    to: "consul.transact([{ KV: { Verb: 'check-not-exists', Key: 'nothing' } }, ...steps.map(operationOf)], signal)",
  },
  'a lease ends by our own clock': {
    file: 'control-plane/leadership/lease.ts',
    from: /return lease !== undefined && now < lease\.until/,
    to: 'return lease !== undefined',
  },
  'a report is acknowledged when it is on disk': {
    file: 'control-plane/ingest/agents/session/attached.ts',
    from: /this\.#acks\.add\(report\.sequence, taken\.onDisk\)/,
    to: 'this.#acks.add(report.sequence, Promise.resolve())',
  },
  'the nodes of a plane that died have time to come back': {
    file: 'control-plane/ingest/agents/contact/whereabouts.ts',
    from: /until: since \+ graceMs/,
    to: 'until: since',
  },
  'a site that was lost together is held': {
    file: 'control-plane/ingest/agents/contact/hold.ts',
    from: /export function lossesToHold\(([\s\S]*?)\{\n/,
    to: 'export function lossesToHold($1{\n  if (Date.now() > 0) return []\n',
  },
  'foreign records are left alone': {
    file: 'control-plane/mirror/diff.ts',
    from: /if \(found && found\.record\.meta\[ownerKey\] !== context\.owner\) \{/,
    to: "if (found && context.owner === '') {",
  },
  'a silent agent takes nothing out': {
    file: 'control-plane/fleet/routable.ts',
    from: /if \(lost && node\.demoted\) \{/,
    to: "if (lost) { return { routable: 'no', reason: reason('contact_lost'), consul: 'critical', status: 'failed', health: judged } }\n  if (lost && node.demoted) {",
  },
  'an agent that stops withdraws nothing': {
    file: 'agent/session/converse.ts',
    from: /channel\.send\(\{ type: 'goodbye' \}\)/,
    to: "channel.send({ ...outbox.begin(performance.now()), instances: [] }); channel.send({ type: 'goodbye' })",
  },
  'who departed is known to whoever leads next': {
    file: 'control-plane/mirror/ledger.ts',
    from: /this\.#fleet\.hasDeparted\(id\) \? 'deregistered' : undefined/,
    to: 'undefined',
  },
  'entries are reduced in the order of the journal': {
    file: 'control-plane/journal/open-journal.ts',
    from: /if \(before > this\.#fleet\.revision\) await this\.#catchUp\(before\)/,
    to: '',
  },
}

/** Breaks a rule as its file is loaded. To be called before anything of the product is. */
export function plantRule(name: string): void {
  const plant = plants[name]
  if (!plant) throw new Error(`no rule is called "${name}"; there are ${Object.keys(plants).join(', ')}`)
  const url = new URL(`../../../${plant.file}`, import.meta.url).href
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context)
      if (loaded !== url) return result
      const source = String(result.source)
      if (!plant.from.test(source)) throw new Error(`${plant.file} does not have the rule "${name}" any more`)
      return { ...result, source: source.replace(plant.from, plant.to) }
    },
  })
}
