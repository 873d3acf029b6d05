import t from 'tap'
import { selectStages, type Wanted } from './select.ts'

const files = [
  'test/real/mirror.test.ts',
  'test/real/mirror.long.test.ts',
  'test/packaging/install.test.ts',
  'test/packaging/install.long.test.ts',
  'test/real/upgrade-a.long.test.ts',
  'test/journey/story.test.ts',
  'control-plane/mirror/diff.test.ts',
  'agent/checks/judge.test.ts',
]
const names = (wanted: Wanted) => selectStages(files, wanted).map(({ name, files }) => [name, ...files])

const units = ['units', 'agent/checks/judge.test.ts', 'control-plane/mirror/diff.test.ts']
const real = ['real servers', 'test/real/mirror.test.ts']
const packaging = ['packaging', 'test/packaging/install.test.ts']
const journeys = ['journeys', 'test/journey/story.test.ts']
const longInstalling = [
  'long tier, installing',
  'test/packaging/install.long.test.ts',
  'test/real/upgrade-a.long.test.ts',
]
const longOne = ['long tier', 'test/real/mirror.long.test.ts']

for (const { name, wanted, stages } of [
  { name: 'nothing is asked for', wanted: { patterns: [], long: 'no' }, stages: [units, real, packaging, journeys] },
  {
    name: 'the long tier is wanted too',
    wanted: { patterns: [], long: 'too' },
    stages: [units, real, packaging, journeys, longInstalling, longOne],
  },
  { name: 'only the long tier is wanted', wanted: { patterns: [], long: 'only' }, stages: [longInstalling, longOne] },
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
  {
    name: 'a folder of installing is named',
    wanted: { patterns: ['test/packaging'], long: 'no' },
    stages: [packaging],
  },
  { name: 'a word is given and only the long tier', wanted: { patterns: ['mirror'], long: 'only' }, stages: [longOne] },
  { name: 'a long file is named', wanted: { patterns: ['mirror.long'], long: 'no' }, stages: [longOne] },
  { name: 'nothing fits', wanted: { patterns: ['nowhere'], long: 'no' }, stages: [] },
] as const) {
  await t.test(`when ${name}`, async (t) => t.strictSame(names(wanted), stages))
}
