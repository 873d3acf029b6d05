import fc from 'fast-check'
import t from 'tap'
import { changePath, matchPath } from '../../table/path-match.ts'
import type { PathChange, PathMatch } from '../../table.ts'
import type { Json } from '../json.ts'
import { pathRewrite } from './path-change.ts'

const part = fc.constantFrom('a', 'b.c', '~d', 'a-b')
const path = fc.array(part, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`)
const cases: fc.Arbitrary<{ readonly match: PathMatch; readonly change: PathChange }> = fc.oneof(
  fc.record({
    match: path.map((text) => ({ kind: 'prefix' as const, path: text })),
    change: fc.oneof(
      fc.constantFrom<PathChange>({ kind: 'strip' }, { kind: 'keep' }),
      path.map((to): PathChange => ({ kind: 'rewrite', to })),
    ),
  }),
  fc.record({
    match: fc.constantFrom<PathMatch>(
      { kind: 'exact', path: '/' },
      { kind: 'exact', path: '/a/b.c' },
      { kind: 'template', path: '/{x}/b.c/{y}' },
      { kind: 'template', path: '/a/{y}' },
    ),
    change: fc.constantFrom<PathChange>(
      { kind: 'keep' },
      { kind: 'rewrite', to: '/' },
      { kind: 'rewrite', to: '/v2/{y}' },
      { kind: 'rewrite', to: '/{y}/x/{x}' },
    ),
  }),
)

t.test('what a rewrite makes of a path is what the rule of matching makes of it', async (t) => {
  let changed = 0
  fc.assert(
    fc.property(cases, path, fc.boolean(), ({ match, change }, asked, slash) => {
      // Nobody may declare a rewrite that names what the match does not.
      const names = change.kind === 'rewrite' ? (change.to.match(/\{\w+\}/g) ?? []) : []
      if (!names.every((name) => match.path.includes(name))) return true
      const given = slash && asked !== '/' ? `${asked}/` : asked
      const parts = matchPath(match, given)
      if (!parts) return true
      changed += 1
      return rewritten(pathRewrite(change, match), given) === changePath(change, match, given, parts)
    }),
    { numRuns: 2000 },
  )
  t.ok(changed > 200, String(changed))
})

t.test('nine named parts can be put in, ten cannot', async (t) => {
  const template = (count: number) => Array.from({ length: count }, (_, index) => `/{p${index}}`).join('')
  const rewrite = (count: number) =>
    pathRewrite({ kind: 'rewrite', to: template(count) }, { kind: 'template', path: template(10) })
  t.ok(rewrite(9))
  t.equal(rewrite(10), undefined)
})

/** As Envoy does it: the syntax that is used means the same here but for what is put in. */
function rewritten(fields: Json | undefined, given: string): string {
  const { regex_rewrite: rewrite } = (fields ?? {}) as {
    regex_rewrite?: { readonly pattern: { readonly regex: string }; readonly substitution: string }
  }
  if (!rewrite) return given
  const { pattern, substitution } = rewrite
  return given.replaceAll(new RegExp(pattern.regex, 'g'), substitution.replaceAll(/\\(\d)/g, '$$$1'))
}
