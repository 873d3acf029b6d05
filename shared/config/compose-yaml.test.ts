import t from 'tap'
import { LineCounter } from 'yaml'
import { composeYaml } from './compose-yaml.ts'
import { parseYaml } from './problem.ts'

const faultsOf = (text: string) => composeYaml(text, new LineCounter()).faults.map(({ message }) => message)

for (const { name, text, fault } of [
  { name: 'lists in lists', text: '['.repeat(2_000_000), fault: /deeper than 100/ },
  { name: 'lists in lists without brackets', text: '- '.repeat(1_000_000), fault: /deeper than 100/ },
  { name: 'maps in maps', text: '{a: '.repeat(500_000), fault: /deeper than 100/ },
  { name: 'more words than anybody writes', text: '- 1\n'.repeat(500_000), fault: /more than 500000 words/ },
  { name: 'brackets that nothing opened', text: ']'.repeat(2_000_000), fault: /more is wrong/ },
  { name: 'nothing between commas', text: `[${','.repeat(1_000)}]`, fault: /more is wrong/ },
  { name: 'one key ever again', text: 'k: 1\n'.repeat(1_000), fault: /more is wrong/ },
]) {
  t.test(`${name} are told as what is wrong, and keep nobody waiting`, async (t) => {
    const faults = faultsOf(text)
    t.match(faults.at(-1), fault)
    t.ok(faults.length <= 101)
  })
}

t.test('what is deep and long, but a configuration, is read', async (t) => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}: { a: [1, { b: c }] }`)
  const { value, problems, keyLineOf, lineOf } = parseYaml(keys.join('\n'), 'f')
  t.strictSame(problems, [])
  t.match(value, { k0: { a: [1, { b: 'c' }] }, k9999: {} })
  for (const index of [0, 7, 9_999]) {
    t.equal(keyLineOf([`k${index}`]), index + 1)
    t.equal(lineOf([`k${index}`, 'a', 1, 'b']), index + 1)
  }
  t.equal(keyLineOf(['nothing']), 1)
})

t.test('keys that are written otherwise are the same key; merges and keys that are no words are none', async (t) => {
  t.match(faultsOf('a: 1\n"a": 2\n'), ['Map keys must be unique'])
  t.strictSame(faultsOf('x: &x { a: 1 }\ny: { <<: *x, a: 2 }\n? [a]\n: 1\n? [a]\n: 2\n'), [])
  t.strictSame(faultsOf('1: a\n"1": b\n'), [])
})
