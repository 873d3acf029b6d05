import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { readPage } from '#agent/metrics/read-page.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const pages = readFileSync(new URL('../../../agent/metrics/pages.yaml', import.meta.url), 'utf8')
const nginx = `Active connections: 3
server accepts handled requests
 16630948 16630948 31070465
Reading: 1 Writing: 2 Waiting: 0
`
const text = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200",x="a\\"b\\\\n"} 1027 1395066363000
# TYPE took histogram
took_bucket{le="0.05"} 24054
took_bucket{le="+Inf"} 144320
took_sum 53423
took_count 144320 # {trace_id="x"} 0.67
{"quoted.name", a="b"} 1.5e-7
`
const json = {
  status: 'UP',
  data: { cpu: 1.5, pools: [{ name: 'a', value: 3, labels: { x: 1 } }], list: [1, 2] },
  at: 1,
}
const tokens = ['# TYPE ', '{', '}', '="', 'NaN', '+Inf', '_bucket', '_total', 'Reading: ', ' 1\n', 'le="']

/** Pages of metrics as any service, and nginx, may answer them. */
export const target = targetOf({
  arbitrary: fc.record({
    body: fc.oneof(
      mutated(
        [text, nginx, pages.slice(0, 4_000), JSON.stringify(json), JSON.stringify(text)].map((page) =>
          Buffer.from(page),
        ),
        tokens,
      ),
      hostileJson([json]).map((page) => Buffer.from(page)),
    ),
    truncated: fc.boolean(),
  }),
  run: async ({ body, truncated }) => {
    let samples = 0
    const content = await readPage(body, truncated, ({ name, labels, value }) => {
      samples += 1
      promise(name !== '' && typeof value === 'number', `a sample ${name} of ${value}`)
      promise(
        labels.every(([label, is]) => typeof label === 'string' && typeof is === 'string'),
        'labels are texts',
      )
    })
    promise(content.samples === samples, `${samples} samples are told as ${content.samples}`)
    return samples > 0 ? 'taken' : 'refused'
  },
})
