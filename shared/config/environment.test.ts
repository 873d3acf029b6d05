import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { fromEnvironment, overlay } from './environment.ts'

for (const { name, environment, value } of [
  { name: 'a number', environment: { HEDDLE_API__PORT: '9000' }, value: { api: { port: 9000 } } },
  { name: 'a duration', environment: { HEDDLE_CHECK_EVERY: '5s' }, value: { check_every: '5s' } },
  { name: 'a truth', environment: { HEDDLE_A: 'true' }, value: { a: true } },
  {
    name: 'a list',
    environment: { HEDDLE_PLANES: '[http://a, http://b]' },
    value: { planes: ['http://a', 'http://b'] },
  },
  { name: 'a URL', environment: { HEDDLE_A: 'http://127.0.0.1:8888' }, value: { a: 'http://127.0.0.1:8888' } },
  { name: 'no YAML', environment: { HEDDLE_A: '{not: [closed' }, value: { a: '{not: [closed' } },
  { name: 'Chinese', environment: { HEDDLE_SITE: '上海' }, value: { site: '上海' } },
  { name: "another program's", environment: { PATH: '/bin', HEDDLE: 'x', HEDDLER_A: '1' }, value: {} },
  { name: 'not set', environment: { HEDDLE_A: undefined }, value: {} },
  { name: 'without a name', environment: { HEDDLE_: '1', HEDDLE_A____B: '1', HEDDLE___A: '1' }, value: {} },
  { name: 'an attack', environment: { HEDDLE___PROTO____X: '1', HEDDLE_A____PROTO__: '1' }, value: {} },
  {
    name: 'several of one part',
    environment: { HEDDLE_API__PORT: '1', HEDDLE_API__HOST: 'x', HEDDLE_B: '2' },
    value: { api: { port: 1, host: 'x' }, b: 2 },
  },
]) {
  t.test(`a variable that is ${name} is read as such`, async (t) => {
    t.strictSame(fromEnvironment(environment).value, value)
  })
}

t.test('each setting remembers its variable', async (t) => {
  const { sources } = fromEnvironment({ HEDDLE_API__PORT: '1', HEDDLE_B: '2' })
  t.strictSame(
    [...sources],
    [
      ['api.port', 'HEDDLE_API__PORT'],
      ['b', 'HEDDLE_B'],
    ],
  )
})

t.test('the order of the variables does not matter', async (t) => {
  const variables = { HEDDLE_A: '{x: 1, y: 2}', HEDDLE_A__Y: '3', HEDDLE_B__C: '4', HEDDLE_B__D__E: '5' }
  const expected = { a: { x: 1, y: 3 }, b: { c: 4, d: { e: 5 } } }
  const shuffled = fc.shuffledSubarray(Object.entries(variables), { minLength: 4 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(shuffled, (entries) => {
        return isDeepStrictEqual(fromEnvironment(Object.fromEntries(entries)).value, expected)
      }),
    ),
  )
})

t.test('no variable reaches what all objects share', async (t) => {
  const name = fc.constantFrom('__PROTO__', 'CONSTRUCTOR', 'PROTOTYPE', '__proto__', 'TOSTRING')
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        fromEnvironment({ [`HEDDLE_${names.join('__')}`]: '{polluted: yes}' })
        return !('polluted' in {})
      }),
    ),
  )
})

const plain = fc.jsonValue().filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

t.test('an overlay takes what is above, key by key', async (t) => {
  t.strictSame(overlay({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, e: null }), {
    a: { b: 1, c: [3] },
    d: 1,
    e: null,
  })
  t.strictSame(Object.keys(overlay({}, JSON.parse('{"__proto__": false}')) as object), ['__proto__'])
  t.strictSame(overlay('text', { a: 1 }), { a: 1 })
  t.strictSame(overlay({ a: 1 }, 'text'), 'text')
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(plain, plain, (base, over) => {
        const once = overlay(base, over)
        return (
          isDeepStrictEqual(overlay(base, undefined), base) &&
          isDeepStrictEqual(overlay(base, {}), base) &&
          isDeepStrictEqual(overlay({}, over), over) &&
          isDeepStrictEqual(overlay(once, over), once)
        )
      }),
    ),
  )
})
