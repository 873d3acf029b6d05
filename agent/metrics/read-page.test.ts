import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { Metric } from '#shared/protocol/messages.ts'
import { Drops } from './drops.ts'
import { keepBy } from './keep.ts'
import { PageMeter } from './page-meter.ts'
import { PrometheusReader } from './prometheus-text.ts'
import { readPage } from './read-page.ts'
import type { Sample } from './sample.ts'
import { PageTally } from './tally.ts'

const PageCases = z.array(
  z.strictObject({
    title: z.string(),
    page: z.string(),
    later: z.optional(z.string()),
    keep: z._default(z.array(z.string()), []),
    dialect: z._default(z.string(), 'prometheus'),
    told: z.record(z.string(), z.string()),
    dropped: z._default(z.record(z.string(), z.number()), {}),
  }),
)

const file = new URL('pages.yaml', import.meta.url)
const { config: cases = [], problems } = readConfig(PageCases, await readFile(file, 'utf8'), 'pages.yaml')

/** What is told of a page after two readings, ten seconds apart. */
async function told(pages: readonly (string | Buffer)[], patterns: readonly string[] = []) {
  const drops = new Drops()
  const meter = new PageMeter('crm-1', drops)
  const dialects = new Set<string>()
  let metrics: readonly Metric[] = []
  for (const [n, page] of pages.entries()) {
    const tally = new PageTally(keepBy(patterns), drops)
    const { dialect, unreadable } = await readPage(Buffer.from(page), false, (sample) => tally.take(sample))
    drops.add('unreadable', unreadable)
    dialects.add(dialect)
    metrics = meter.measure(tally, n * 10_000)
  }
  for (const metric of metrics) Metric.parse(metric)
  return { metrics, dialects: [...dialects], dropped: drops.counts }
}

t.test('the table of pages can be read', async (t) => {
  t.strictSame(problems.map(problemText), [])
  t.ok(cases.length > 15)
})

for (const { title, page, later = page, keep, dialect, told: expected, dropped } of cases) {
  t.test(`it is read: ${title}`, async (t) => {
    const found = await told([page, later], keep)
    t.strictSame(Object.fromEntries(found.metrics.map(({ name, value, unit }) => [name, `${value} ${unit}`])), expected)
    t.strictSame(found.dialects, [dialect])
    const counted = Object.entries(found.dropped).filter(([, count]) => count > 0)
    t.strictSame(Object.fromEntries(counted), dropped)
  })
}

t.test('any bytes are read, and what is told of them can be told', async (t) => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '# TYPE a counter',
      '# TYPE a histogram',
      'a{le="1"} 2',
      'a_total 3',
      'a{x="',
      'NaN',
      '{"a"} 1',
      '{"a": 1}',
    ),
    fc.tuple(fc.string(), fc.string(), fc.double()).map(([name, label, value]) => `${name}{x="${label}"} ${value}`),
  )
  const page = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(lines.join('\n'))),
    fc.json().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(JSON.stringify(text))),
  )
  await fc.assert(
    fc.asyncProperty(page, page, async (one, other) => {
      await told([one, other])
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('the text reader takes time in proportion to the text, however it is made', async (t) => {
  // A reader that looks back, or at the rest of the text for each part of it, would take minutes for one of these.
  const hard: readonly ((n: number) => string)[] = [
    (n) => 'a '.repeat(n),
    (n) => `a{${'x="1",'.repeat(n)}`,
    (n) => `a{x="${'\\"'.repeat(n)}`,
    (n) => `# TYPE ${'a '.repeat(n)}`,
    (n) => `# TYPE${' '.repeat(n)}x`,
    (n) => `${' '.repeat(n)}a 1`,
    (n) => `a{x="1"}${' '.repeat(n)}`,
    (n) => '{'.repeat(n),
    (n) => `a ${'1'.repeat(n)}`,
    (n) => 'a_bucket_count_sum_total'.repeat(n),
    (n) => 'a{le="1"} 1\n'.repeat(n),
  ]
  for (const make of hard) {
    const text = make(200_000)
    const startedAt = performance.now()
    new PrometheusReader().read(text, 0, text.length, () => {})
    const ms = performance.now() - startedAt
    t.ok(ms < 10_000, `${Math.round(ms)} ms for ${make(1).slice(0, 20)} 200,000 times`)
  }
})

t.test('a page that was cut tells its whole lines', async (t) => {
  const seen: Sample[] = []
  const page = Buffer.from('a 1\nb 12345')
  const { cut, samples } = await readPage(page.subarray(0, 8), true, (sample) => seen.push(sample))
  t.strictSame([cut, samples, seen.map(({ name }) => name)], [true, 1, ['a']])
})

t.test('a long page is read in turns, to a bound', async (t) => {
  const page = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `shop_${n} 1`).join('\n'))
  let turns = 0
  let done = false
  const count = () => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  const { samples, cut } = await readPage(page, false, () => {})
  done = true
  t.strictSame([samples, cut], [50_000, true])
  t.ok(turns > 10)
})

t.test('which series are kept depends on their names alone, and there are never more than the most', async (t) => {
  const names = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'go_x', 'z'), fc.nat(999)), {
    minLength: 1,
    maxLength: 300,
    selector: String,
  })
  await fc.assert(
    fc.asyncProperty(names, fc.infiniteStream(fc.nat(1000)), async (chosen, random) => {
      const lines = chosen.map(([name, label]) => `${name}{x="${label}"} 1`)
      const shuffled = lines
        .map((line) => ({ line, at: random.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ line }) => line)
      const keys = async (text: readonly string[]) => {
        const drops = new Drops()
        const tally = new PageTally(keepBy([]), drops)
        await readPage(Buffer.from(text.join('\n')), false, (sample) => tally.take(sample))
        const kept = tally.series.map(({ key }) => key)
        t.equal(kept.length + drops.counts.too_many, lines.length)
        return kept
      }
      const [one, other] = [await keys(lines), await keys(shuffled)]
      return one.length <= 20 && one.join() === other.join()
    }),
    { numRuns: 100 },
  )
  t.pass()
})
