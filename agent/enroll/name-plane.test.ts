import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { isLoopback, namePlane } from './name-plane.ts'

const plane = 'https://plane.example:8888'

for (const { where, before, after } of [
  { where: 'an empty file', before: '', after: `planes: [${plane}]\n` },
  { where: 'comments alone', before: '# mine\n', after: `# mine\nplanes: [${plane}]\n` },
  {
    where: 'a file that has it as a comment',
    before: '# Planes\n# planes: [https://x]\n\nservices: []\n',
    after: `# Planes\n# planes: [https://x]\nplanes: [${plane}]\n\nservices: []\n`,
  },
  {
    where: 'a file without an end of its last line',
    before: 'mode: local',
    after: `mode: local\nplanes: [${plane}]\n`,
  },
  {
    where: 'a list in a line',
    before: 'planes: [ https://a:8888 ] # two\nmode: local\n',
    after: `planes: [${plane},  https://a:8888 ] # two\nmode: local\n`,
  },
  { where: 'an empty list', before: 'planes: []\n', after: `planes: [${plane}]\n` },
  {
    where: 'a list of lines',
    before: 'planes:\n  # the first\n  - "https://a:8888" # mine\nmode: local\n',
    after: `planes:\n  # the first\n  - ${plane}\n  - "https://a:8888" # mine\nmode: local\n`,
  },
  { where: 'a list that has it', before: `planes: [${plane}/]\n`, after: `planes: [${plane}/]\n` },
  { where: 'one plane that is no list', before: `planes: ${plane}\n`, after: undefined },
  { where: 'settings in braces', before: '{ mode: local }\n', after: undefined },
]) {
  t.test(`a plane is added to ${where}`, async (t) => t.equal(namePlane(before, plane), after))
}

t.test('an address of IPv6 is written so that it is read again', async (t) => {
  t.strictSame(parse(namePlane('', 'https://[::1]:8888') ?? ''), { planes: ['https://[::1]:8888'] })
})

t.test('an address of this machine alone is known', async (t) => {
  for (const own of ['https://localhost:8888', 'https://127.0.0.1', 'https://[::1]:8888']) t.ok(isLoopback(own), own)
  for (const other of [plane, 'https://10.0.0.1', 'https://[2001:db8::1]']) t.notOk(isLoopback(other), other)
})

t.test('whatever else a file says it goes on saying, and a second time adds nothing', async (t) => {
  const line = fc.constantFrom(
    '# a remark',
    '',
    'mode: local',
    '# planes: [x]',
    'node: { site: "a" } # b',
    'services: []',
  )
  const planes = fc.constantFrom(
    'planes: [https://a]',
    'planes:\n- https://a\n- https://b # c',
    'planes:\n    - https://a',
    '',
  )
  fc.assert(
    fc.property(fc.uniqueArray(line), planes, fc.uniqueArray(line), (before, list, after) => {
      const seen = new Set(before)
      const text = [...before, list, ...after.filter((each) => !seen.has(each))].join('\n')
      const named = namePlane(text, plane)
      if (named === undefined) return false
      const { planes: were = [], ...others } = (parse(text) ?? {}) as { readonly planes?: readonly string[] }
      const { planes: are, ...same } = parse(named) as { readonly planes: readonly string[] }
      const remarks = (of: string) => of.match(/#.*/g)?.toSorted() ?? []
      t.strictSame([are.toSorted(), same, remarks(named)], [[...were, plane].toSorted(), others, remarks(text)])
      return namePlane(named, plane) === named
    }),
  )
})
