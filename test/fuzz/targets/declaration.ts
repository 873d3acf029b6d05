import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parse } from 'yaml'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { projectFolder } from '#test/support/parts.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { mutatedText } from '../inputs/mutated.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const small = `version: 1
gateways:
  edge: { proxy: envoy, listeners: [{ port: 80 }] }
services: { crm: { balance: round-robin } }
routes:
  - { prefix: /crm, service: crm, path: keep }
  - { name: old, prefix: /old, redirect: { path: /crm, status: 301 } }
`
const examples = ['gateways', 'services', 'platform'].map((name) =>
  readFileSync(join(projectFolder, `docs/examples/routes/${name}.yaml`), 'utf8'),
)
const tokens = [
  '&a ',
  '*a',
  '<<: *a',
  '!!binary ',
  '!!js/function ',
  '? ',
  ': ',
  '- ',
  '|\n',
  '>-\n',
  '---\n',
  '...\n',
  '%YAML 9\n',
  '\t',
]
const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\n`

/** What people declare, in YAML or JSON. Every problem is told in bounded words; what is taken is taken alike each time. */
export const target = targetOf({
  arbitrary: fc.oneof(
    mutatedText([small, bomb + small, ...examples], tokens),
    hostileJson([small, ...examples].map((text) => parse(text) as unknown)),
  ),
  // A file of many lines with something wrong in each takes as long as it is.
  mostMs: 5_000,
  run: (text) => {
    const { declaration, problems } = parseDeclaration([{ file: 'routes.yaml', text }])
    if (!declaration) {
      promise(problems.length > 0, 'nothing is wrong, and nothing is declared')
      promise(JSON.stringify(problems).length < 8 * 1024 * 1024, 'problems are told at length')
      return 'refused'
    }
    same(parseDeclaration([{ file: 'routes.yaml', text }]).declaration, declaration, 'read once more')
    return 'taken'
  },
})
