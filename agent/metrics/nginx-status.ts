import type { Sample } from './sample.ts'

/** Nginx's own page of `stub_status`, told by the names under which its exporters tell it. Undefined if a text is none. */
export function nginxStatus(text: string): readonly Sample[] | undefined {
  const numbers =
    /^Active connections:\s{1,9}(\d+)\s+server accepts handled requests\s{1,9}(\d+)\s{1,9}(\d+)\s{1,9}(\d+)\s+Reading:\s{1,9}(\d+)\s{1,9}Writing:\s{1,9}(\d+)\s{1,9}Waiting:\s{1,9}(\d+)/.exec(
      text.slice(0, 2_000).trimStart(),
    )
  if (numbers === null) return undefined
  const names = 'connections_active connections_accepted connections_handled http_requests_total'.split(' ')
  const states = 'connections_reading connections_writing connections_waiting'.split(' ')
  return [...names, ...states].map((name, n) => {
    const isCounter = n >= 1 && n <= 3
    return {
      name: `nginx_${name}`,
      family: `nginx_${name.replace(/_total$/, '')}`,
      type: isCounter ? 'counter' : 'gauge',
      labels: [],
      value: Number(numbers[n + 1]),
    }
  })
}
