import { reasonText } from '#shared/protocol/reason.ts'
import type { ChoiceView, GatewayExplain, RouteExplainView } from '#shared/protocol/route-explain.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

/** What each gateway makes of a request: the answer first, then what it rests on. */
export function showRouteExplain({ method, target, host, gateways }: RouteExplainView, style: Style): string {
  if (gateways.length === 0) return `No gateway listens for ${method} ${host ?? ''}${target}.`
  return gateways.map((gateway) => showGateway(gateway, style)).join('\n\n')
}

function showGateway(view: GatewayExplain, style: Style): string {
  const { gateway, proxy, listener, client, answer, route, choices, passed_over } = view
  const by = [listener === undefined ? '' : ` by ${listener}`, client === undefined ? '' : ` as ${client}`].join('')
  const lines = [`${style.paint(`${proxy}:${gateway}`, 'strong')}${by}: ${answer}`]
  if (route) lines.push(`  declared at ${route.source}; asks for ${route.asks.join(', ')}`)
  for (const { route, source, why } of passed_over) lines.push(`  passed over ${route} (${source}): ${why}`)
  return [...lines, ...choiceLines(choices, style)].join('\n')
}

/** Who is called of each service, and who is not and why; nothing where there is no service. */
export function choiceLines(choices: readonly ChoiceView[], style: Style): readonly string[] {
  const rows = choices.flatMap(choiceRows)
  return rows.length === 0 ? [] : ['', table(columns, rows, style)]
}

const columns = [
  { head: 'SERVICE' },
  { head: 'SHARE', align: 'right' as const },
  { head: 'INSTANCE' },
  { head: 'ADDRESS' },
  { head: 'WEIGHT', align: 'right' as const },
  { head: 'CALLED' },
]

function choiceRows({ service, percent, candidates, left_out }: ChoiceView): readonly (readonly Cell[])[] {
  const head: readonly Cell[] = [service, `${percent}%`]
  const rows = [
    ...candidates.map(({ instance, address, port, weight, last }): readonly Cell[] => [
      instance,
      `${address}:${port}`,
      String(weight),
      last ? { text: 'when nothing better is left', colour: 'doubtful' } : { text: 'yes', colour: 'good' },
    ]),
    ...left_out.map(({ instance, reason }): readonly Cell[] => [
      instance,
      '-',
      '-',
      { text: `no: ${reasonText(reason)}`, colour: 'bad' },
    ]),
  ]
  return (rows.length === 0 ? [['-', '-', '-', { text: 'nobody', colour: 'bad' as const }]] : rows).map((row) => [
    ...head,
    ...row,
  ])
}
