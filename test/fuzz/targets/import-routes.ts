import fc from 'fast-check'
import { stringify } from 'yaml'
import { declarationText } from '#cli/import/routes/declaration-text.ts'
import { draftTable } from '#cli/import/routes/to-draft.ts'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { mutatedText } from '../inputs/mutated.ts'
import { same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const table = [
  { name: 'crm', path: '/api/crm', service: 'http://10.0.0.1:8080', strip_prefix: true, auth: true },
  {
    path: '/api/v1/{id}',
    service: 'crm',
    admin_auth: true,
    cors: { origins: ['https://a.example'], methods: ['GET'] },
  },
  { path: '/', service: 'web:80', strip_prefix: false, cors: true },
]
const options = {
  gateway: 'edge',
  proxy: 'envoy' as const,
  port: 80,
  services: new Map([
    ['10.0.0.1:8080', 'crm'],
    ['web:80', 'web'],
  ]),
  authenticator: { name: 'auth', service: 'zervi-auth', path: '/verify' },
  adminPermission: 'admin',
}

/** Tables of routes. What is carried over without a problem told is a declaration that is taken. */
export const target = targetOf({
  arbitrary: fc.oneof(
    hostileJson([table, { routes: table }]),
    mutatedText([stringify(table), stringify({ routes: table })], ['- path: /', '&a ', '*a', '- ', ': ']),
  ),
  run: (text) => {
    const drafted = draftTable(text, 'table.yaml', options)
    if (drafted.problems.length + drafted.contradictions.length > 0) return 'refused'
    const declared = declarationText(drafted.draft, 'Imported.')
    same(parseDeclaration([{ file: 'table.yaml', text: declared }]).problems, [], declared)
    return 'taken'
  },
})
