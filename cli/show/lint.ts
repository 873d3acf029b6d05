import type { FindingView, LintView } from '#shared/protocol/lint.ts'
import type { Style } from './style.ts'
import { count } from './text.ts'

/** What was found, by datacenter and kind: each kind with what to do about it once. */
export function showLint(views: readonly LintView[], style: Style): string {
  if (views.length === 0) return 'There is no Consul datacenter.'
  return views.map((view) => showDatacenter(view, style)).join('\n\n')
}

function showDatacenter({ datacenter, examined, beyond, not_probed, findings }: LintView, { paint }: Style): string {
  const looked = `${count(examined, 'record')} of others looked at`
  const notes = [
    ...(beyond > 0 ? [`${beyond} more were not`] : []),
    ...(not_probed > 0 ? [`${not_probed} could not be tried from the control plane`] : []),
  ]
  const found = findings.length === 0 ? 'nothing found' : count(findings.length, 'finding')
  const head = `${paint(datacenter, 'strong')}: ${[found, looked, ...notes].join('; ')}.`
  const groups = [...Map.groupBy(findings, ({ rule }) => rule)].map(([rule, those]) =>
    [paint(rule, 'doubtful'), ...those.map(line), `  -> ${those[0]?.remedy}`].join('\n'),
  )
  return [head, ...groups].join('\n\n')
}

function line({ node, service, id, why }: FindingView): string {
  return `  ${service} ${id} on ${node}: ${why}`
}
