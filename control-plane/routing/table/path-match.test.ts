import fc from 'fast-check'
import t from 'tap'
import type { PathChange, PathMatch } from '../table.ts'
import { changePath, matchPath } from './path-match.ts'

const exact = (path: string): PathMatch => ({ kind: 'exact', path })
const prefix = (path: string): PathMatch => ({ kind: 'prefix', path })
const template = (path: string): PathMatch => ({ kind: 'template', path })
const keep: PathChange = { kind: 'keep' }
const strip: PathChange = { kind: 'strip' }
const rewrite = (to: string): PathChange => ({ kind: 'rewrite', to })

/** `sees`: the path that the instance sees; undefined: the route does not take it. */
for (const { match, change, path, sees } of [
  { match: exact('/a/b'), change: keep, path: '/a/b', sees: '/a/b' },
  { match: exact('/a/b'), change: keep, path: '/a/b/', sees: '/a/b/' },
  { match: exact('/a/b'), change: keep, path: '/a/b/c', sees: undefined },
  { match: exact('/a/b'), change: rewrite('/x'), path: '/a/b/', sees: '/x' },
  { match: exact('/'), change: rewrite('/x'), path: '/', sees: '/x' },
  { match: prefix('/a'), change: strip, path: '/a', sees: '/' },
  { match: prefix('/a'), change: strip, path: '/a/', sees: '/' },
  { match: prefix('/a'), change: strip, path: '/a/b/', sees: '/b/' },
  { match: prefix('/a'), change: strip, path: '/ab', sees: undefined },
  { match: prefix('/a'), change: rewrite('/x/y'), path: '/a', sees: '/x/y' },
  { match: prefix('/a'), change: rewrite('/x/y'), path: '/a/', sees: '/x/y/' },
  { match: prefix('/a'), change: rewrite('/x/y'), path: '/a/b', sees: '/x/y/b' },
  { match: prefix('/a'), change: rewrite('/'), path: '/a', sees: '/' },
  { match: prefix('/a'), change: rewrite('/'), path: '/a/', sees: '/' },
  { match: prefix('/a'), change: rewrite('/'), path: '/a/b', sees: '/b' },
  { match: prefix('/'), change: keep, path: '/a', sees: '/a' },
  { match: prefix('/'), change: strip, path: '/a', sees: '/a' },
  { match: prefix('/'), change: rewrite('/x'), path: '/', sees: '/x/' },
  { match: prefix('/'), change: rewrite('/x'), path: '/a/b', sees: '/x/a/b' },
  { match: template('/a/{id}'), change: keep, path: '/a/7', sees: '/a/7' },
  { match: template('/a/{id}'), change: keep, path: '/a/7/', sees: '/a/7/' },
  { match: template('/a/{id}'), change: keep, path: '/a', sees: undefined },
  { match: template('/a/{id}'), change: keep, path: '/a/', sees: undefined },
  { match: template('/a/{id}'), change: keep, path: '/a/7/b', sees: undefined },
  { match: template('/a/{id}/b/{of}'), change: rewrite('/{of}/x/{id}'), path: '/a/7/b/8', sees: '/8/x/7' },
  { match: template('/a/{id}'), change: rewrite('/x/{id}'), path: '/a/%E4%B8%AD', sees: '/x/%E4%B8%AD' },
  { match: template('/a/{id}'), change: rewrite('/x/{id}'), path: '/a/$1', sees: '/x/$1' },
] as const) {
  t.test(`${match.kind} ${match.path} with ${JSON.stringify(change)}: ${path} is seen as ${sees}`, async (t) => {
    const parts = matchPath(match, path)
    t.equal(parts && changePath(change, match, path, parts), sees)
  })
}

const part = fc.constantFrom('a', 'b', 'ab', '7')
const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)

t.test('a template takes what each of its fillings is, and gives it back', async (t) => {
  const filled = fc.array(fc.record({ word: part, named: fc.boolean() }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(filled, (parts) => {
      const text = parts.map(({ word, named }, place) => (named ? `{p${place}}` : word)).join('/')
      const asked = `/${parts.map(({ word }) => word).join('/')}`
      const match = template(`/${text}`)
      const found = matchPath(match, asked)
      return found !== undefined && changePath(rewrite(`/${text}`), match, asked, found) === asked
    }),
  )
  t.pass()
})

t.test('whatever a route makes of a path begins with one slash', async (t) => {
  const change = fc.oneof(fc.constantFrom(keep, strip), path.map(rewrite))
  fc.assert(
    fc.property(path, change, path, fc.constantFrom('', '/'), (at, change, below, end) => {
      const asked = `${at === '/' ? '' : at}${below === '/' && at !== '/' ? '' : below}${end}`.replace(/\/\/$/, '/')
      const parts = matchPath(prefix(at), asked)
      return parts === undefined || /^\/(?!\/)/.test(changePath(change, prefix(at), asked, parts))
    }),
  )
  t.pass()
})
