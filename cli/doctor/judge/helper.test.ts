import t from 'tap'
import type { HelperAnswer } from '#shared/host/ask-helper.ts'
import { helperFinding } from './helper.ts'

const given = { version: '1.0.0', restart: ['a.service'], reload: [], measure: ['www-data', 7] }
const refused = (code: string): HelperAnswer => ({ kind: 'refused', code, why: 'because' })
const absent = (why: string): HelperAnswer => ({ kind: 'absent', why })

for (const { what, answer, isWanted = true, agentVersion, says } of [
  {
    what: 'that answers',
    answer: { kind: 'given', given },
    agentVersion: '1.0.0',
    says: /^ok: .*version 1\.0\.0; it may restart a\.service, reload nothing, measure www-data, 7/,
  },
  {
    what: 'of another version',
    answer: { kind: 'given', given },
    agentVersion: '1.1.0',
    says: /^warning: .*the agent of 1\.1\.0/,
  },
  { what: 'that is something else', answer: { kind: 'given', given: {} }, says: /^error: .*is no helper/ },
  { what: 'whose list is not believed', answer: refused('no-list'), says: /^error: .*does not take its list.*because/ },
  { what: 'that knows no such question', answer: refused('unknown-verb'), says: /^warning: .*older/ },
  { what: 'that hangs', answer: refused('no-answer'), says: /^error: .*does not answer: because/ },
  { what: 'that is missing', answer: absent('ENOENT'), says: /^warning: there is no \/run\/h/ },
  { what: 'that nobody wants', answer: absent('ENOENT'), isWanted: false, says: /^ok: there is no helper/ },
  { what: 'that nobody listens for', answer: absent('ECONNREFUSED'), says: /^error: .*nobody listens/ },
  { what: "that is not this user's", answer: absent('EACCES'), says: /^warning: .*by this user/ },
] as const) {
  t.test(`a helper ${what} is told of`, async (t) => {
    const { level, text, remedy } = helperFinding(answer, { socket: '/run/h', isWanted, agentVersion })
    t.match(`${level}: ${text}`, says)
    t.equal(remedy !== undefined, level !== 'ok')
  })
}
