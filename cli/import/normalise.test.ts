import fc from 'fast-check'
import t from 'tap'
import {
  addressValue,
  balanceValue,
  durationValue,
  modeValue,
  type Normal,
  pathValue,
  portValue,
  textValue,
  urlValue,
  weightValue,
} from './normalise.ts'

const is = (value: string | number) => ({ kind: 'value', value })

for (const { what, read, given, normal } of [
  { what: 'a port', read: portValue, given: 8080, normal: is(8080) },
  { what: 'a port in quotes', read: portValue, given: '8080', normal: is(8080) },
  { what: 'a port that is none', read: portValue, given: 'eighty', normal: { kind: 'bad', message: /got "eighty"/ } },
  { what: 'port 0', read: portValue, given: 0, normal: { kind: 'bad' } },
  { what: 'no port', read: portValue, given: null, normal: { kind: 'nothing' } },
  { what: 'seconds', read: durationValue, given: 30, normal: is(30_000) },
  { what: 'seconds in quotes', read: durationValue, given: '30', normal: is(30_000) },
  { what: 'seconds with their unit', read: durationValue, given: '3600s', normal: is(3_600_000) },
  { what: 'half a second', read: durationValue, given: 0.5, normal: is(500) },
  { what: 'a word for minutes', read: durationValue, given: '5 minutes', normal: is(300_000) },
  { what: 'no time at all', read: durationValue, given: 0, normal: { kind: 'bad' } },
  { what: 'a duration that is none', read: durationValue, given: 'soon', normal: { kind: 'bad' } },
  { what: 'a URL', read: urlValue, given: 'http://10.0.0.2:8888/', normal: is('http://10.0.0.2:8888') },
  { what: 'a URL without its scheme', read: urlValue, given: 'manager:8888', normal: is('http://manager:8888') },
  { what: 'another scheme', read: urlValue, given: 'redis://x', normal: { kind: 'bad' } },
  { what: 'an address', read: addressValue, given: '10.0.0.7', normal: is('10.0.0.7') },
  {
    what: 'an address of nobody else',
    read: addressValue,
    given: '0.0.0.0',
    normal: { kind: 'nothing', note: /0\.0\.0\.0/ },
  },
  { what: 'an address with a path', read: addressValue, given: 'a/b', normal: { kind: 'bad' } },
  { what: 'round_robin', read: balanceValue, given: 'round_robin', normal: is('round_robin') },
  { what: 'round-robin', read: balanceValue, given: 'round-robin', normal: is('round_robin') },
  { what: 'RoundRobin', read: balanceValue, given: 'RoundRobin', normal: is('round_robin') },
  { what: 'least connections', read: balanceValue, given: 'least_conn', normal: is('least_request') },
  { what: 'ip_hash', read: balanceValue, given: 'ip_hash', normal: { kind: 'nothing', note: /not offered/ } },
  { what: 'a balancing nobody knows', read: balanceValue, given: 'fair', normal: { kind: 'bad' } },
  { what: 'a mode', read: modeValue, given: 'Production', normal: is('production') },
  { what: 'a mode nobody knows', read: modeValue, given: 'fast', normal: { kind: 'bad' } },
  { what: 'a path', read: pathValue, given: '/health', normal: is('/health') },
  { what: 'a path without its slash', read: pathValue, given: 'health', normal: is('/health') },
  { what: 'a URL for a path', read: pathValue, given: 'http://localhost:8080/api/health', normal: is('/api/health') },
  { what: 'a weight in quotes', read: weightValue, given: '50', normal: is(50) },
  { what: 'a weight that is none', read: weightValue, given: -1, normal: { kind: 'bad' } },
  { what: 'a name that looks like a number', read: textValue, given: 7, normal: is('7') },
  { what: 'a Chinese name', read: textValue, given: ' 腾讯云 ', normal: is('腾讯云') },
  { what: 'a list for a name', read: textValue, given: [], normal: { kind: 'bad' } },
] as const) {
  t.test(`${what} is read`, async (t) => t.match(read(given), normal))
}

t.test('nothing that stands in a file makes a reader throw', async (t) => {
  const readers: readonly ((given: unknown) => Normal)[] = [
    addressValue,
    balanceValue,
    durationValue,
    modeValue,
    pathValue,
    portValue,
    textValue,
    urlValue,
    weightValue,
  ]
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.anything(), (given) =>
        readers.every((read) => ['value', 'nothing', 'bad'].includes(read(given).kind)),
      ),
    ),
  )
})
