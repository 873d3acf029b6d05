import t from 'tap'
import { revisionIn } from './revision-headers.ts'

for (const { header, revision } of [
  { header: '0', revision: 0 },
  { header: '4711', revision: 4_711 },
  { header: '999999999999999', revision: 999_999_999_999_999 },
  { header: '9999999999999999', revision: undefined },
  { header: '-1', revision: undefined },
  { header: '1.5', revision: undefined },
  { header: '4711, 4712', revision: undefined },
  { header: '', revision: undefined },
  { header: ['1', '2'], revision: undefined },
  { header: null, revision: undefined },
  { header: undefined, revision: undefined },
]) {
  t.test(`of ${JSON.stringify(header)} the revision is ${revision}`, async (t) => t.equal(revisionIn(header), revision))
}
