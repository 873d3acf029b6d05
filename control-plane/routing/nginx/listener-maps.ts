import type { Listener } from '../table.ts'
import type { Names } from './names.ts'
import { literal, quoted } from './quote.ts'
import { socketText } from './socket.ts'

/** What the listener says that a request came in by: whose it is, and at which port of https it belongs, if it does not belong here. */
export function listenerMaps(listeners: readonly Listener[], names: Names): readonly string[] {
  return [
    byListener(listeners, names.variable('client'), ({ client }) => client),
    byListener(listeners, names.variable('secure'), ({ redirectToHttps }) => redirectToHttps?.toString()),
  ]
}

function byListener(
  listeners: readonly Listener[],
  variable: string,
  said: (listener: Listener) => string | undefined,
): string {
  const entries = listeners.flatMap((listener) => {
    const value = said(listener)
    return value === undefined ? [] : [`    ${quoted(`~^${socket(listener, listeners)}$`)} ${quoted(value)};\n`]
  })
  return `map "$server_addr $server_port" $${variable} {\n    default "";\n${entries.join('')}}`
}

/** A listener on all addresses is known by its port; others of the same port have their own addresses. */
function socket({ address, port }: Listener, listeners: readonly Listener[]): string {
  const alone = listeners.filter((other) => other.port === port).length === 1
  const host = socketText({ address, port })
    .slice(0, -`:${port}`.length)
    .replace(/^\[|\]$/g, '')
  return `${alone ? '\\S+' : literal(host)} ${port}`
}
