import t from 'tap'
import { selectStages, type Wanted } from './select.ts'

const files = [
  'test/real/mirror.test.ts',
  'test/real/mirror.long.test.ts',
  'test/journey/story.test.ts',
  'control-plane/mirror/diff.test.ts',
  'agent/checks/judge.test.ts',
]
const names = (wanted: Wanted) => selectStages(files, wanted).map(({ name, files }) => [name, ...files])

const units = ['units', 'agent/checks/judge.test.ts', 'control-plane/mirror/diff.test.ts']
const real = ['real servers', 'test/real/mirror.test.ts']
const journeys = ['journeys', 'test/journey/story.test.ts']
const long = ['long tier', 'test/real/mirror.long.test.ts']

for (const { name, wanted, stages } of [
  { name: 'nothing is asked for', wanted: { patterns: [], long: 'no' }, stages: [units, real, journeys] },
  { name: 'the long tier is wanted too', wanted: { patterns: [], long: 'too' }, stages: [units, real, journeys, long] },
  { name: 'only the long tier is wanted', wanted: { patterns: [], long: 'only' }, stages: [long] },
  {
    name: 'a file is named',
    wanted: { patterns: ['./agent/checks/judge.test.ts'], long: 'no' },
    stages: [['units', 'agent/checks/judge.test.ts']],
  },
  { name: 'a folder is named', wanted: { patterns: ['test/journey/'], long: 'no' }, stages: [journeys] },
  {
    name: 'a word is given',
    wanted: { patterns: ['mirror'], long: 'no' },
    stages: [['units', 'control-plane/mirror/diff.test.ts'], real],
  },
  { name: 'a word is given and only the long tier', wanted: { patterns: ['mirror'], long: 'only' }, stages: [long] },
  { name: 'a long file is named', wanted: { patterns: ['mirror.long'], long: 'no' }, stages: [long] },
  { name: 'nothing fits', wanted: { patterns: ['nowhere'], long: 'no' }, stages: [] },
] as const) {
  await t.test(`when ${name}`, async (t) => t.strictSame(names(wanted), stages))
}
