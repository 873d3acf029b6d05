/** One attempt of a proxy on a server. `at` in epoch milliseconds: when it ended. */
export type Attempt = { readonly at: number; readonly port: number }

/** The attempts in an Envoy's attempt log, one JSON object a line. */
export function envoyAttempts(text: string): readonly Attempt[] {
  return lines(text).flatMap((line) => {
    const { at_s: at, address } = JSON.parse(line)
    const port = portOf(address)
    return port === undefined ? [] : [{ at: Number(at) * 1000, port }]
  })
}

/** The attempts in an Nginx's access log: a line names all attempts of a request, with what each of them took. */
export function nginxAttempts(text: string): readonly Attempt[] {
  return lines(text).flatMap((line) => {
    const { at_s: at, address, upstream_s: took } = JSON.parse(line)
    const addresses = String(address).split(', ')
    const times = String(took).split(', ').map(Number)
    let end = Number(at) * 1000
    const attempts: Attempt[] = []
    for (let index = addresses.length - 1; index >= 0; index -= 1) {
      const port = portOf(addresses[index])
      if (port !== undefined) attempts.push({ at: end, port })
      end -= (times[index] ?? 0) * 1000
    }
    return attempts
  })
}

/** How long after `from` the last attempt on a port was, in milliseconds; 0: there was none. Only those before `until` count. */
export function lastAttemptMs(attempts: readonly Attempt[], port: number, from: number, until: number): number {
  let last = from
  for (const attempt of attempts) {
    if (attempt.port === port && attempt.at > last && attempt.at < until) last = attempt.at
  }
  return last - from
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
}

function portOf(address: unknown): number | undefined {
  const port = Number(/:(\d+)$/.exec(String(address))?.[1])
  return Number.isInteger(port) ? port : undefined
}
