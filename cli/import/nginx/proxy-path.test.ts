import t from 'tap'
import { proxiedPath, rewrittenPath } from './proxy-path.ts'

for (const { what, location, uri, exact = false, carried } of [
  { what: 'no URI keeps the path', location: '/a/', uri: '', carried: { path: 'keep' } },
  { what: 'the request as it came keeps the path', location: '/a/', uri: '$request_uri', carried: { path: 'keep' } },
  { what: 'a slash to a slash strips', location: '/a/', uri: '/', carried: { path: 'strip' } },
  { what: 'a slash to a folder rewrites', location: '/a/', uri: '/b/', carried: { path: { rewrite: '/b' } } },
  {
    what: 'a slash to no slash glues',
    location: '/a/',
    uri: '/b',
    carried: { why: /glued to \/b .*\/a\/x became \/bx/ },
  },
  {
    what: 'no slash to a slash doubles it',
    location: '/a',
    uri: '/',
    carried: { path: 'strip', note: /doubled slash/ },
  },
  { what: 'no slash to no slash rewrites', location: '/a', uri: '/b', carried: { path: { rewrite: '/b' } } },
  { what: 'the same path is kept', location: '/a/', uri: '/a/', carried: { path: 'keep' } },
  { what: 'everything to everything is kept', location: '/', uri: '/', carried: { path: 'keep' } },
  { what: 'everything to a folder rewrites', location: '/', uri: '/b/', carried: { path: { rewrite: '/b' } } },
  { what: 'everything to no folder glues', location: '/', uri: '/b', carried: { why: /glued/ } },
  { what: 'one path to another', location: '/a', uri: '/b', exact: true, carried: { path: { rewrite: '/b' } } },
  {
    what: 'one path to a folder',
    location: '/a',
    uri: '/b/',
    exact: true,
    carried: { path: { rewrite: '/b' }, note: /sees/ },
  },
  { what: 'variables', location: '/a', uri: '/$1', carried: { why: /variables/ } },
  { what: 'a query', location: '/a', uri: '/b?c=1', carried: { why: /query/ } },
]) {
  t.test(`${what}: ${location} to "${uri}"`, async (t) => t.match(proxiedPath(location, uri, exact), carried))
}

for (const { pattern, to, rewritten } of [
  { pattern: '^/a/(.*)$', to: '/$1', rewritten: { below: '/a', path: 'strip' } },
  { pattern: '^/a(/.*)$', to: '$1', rewritten: { below: '/a', path: 'strip' } },
  { pattern: '^/a/v1\\.0/(.*)', to: '/b/$1', rewritten: { below: '/a/v1.0', path: { rewrite: '/b' } } },
  { pattern: '^/a/(.*)$', to: '/a/$1', rewritten: { below: '/a', path: 'keep' } },
  { pattern: '^/a/(.*)$', to: '/b$1', rewritten: undefined },
  { pattern: '^/a(/.*)$', to: '/b/$1', rewritten: undefined },
  { pattern: '/a/(.*)', to: '/$1', rewritten: undefined },
  { pattern: '^/(a|b)/(.*)$', to: '/$2', rewritten: undefined },
]) {
  t.test(`rewrite ${pattern} ${to}`, async (t) => t.strictSame(rewrittenPath(pattern, to), rewritten))
}
