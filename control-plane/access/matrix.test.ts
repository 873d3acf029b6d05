import t from 'tap'
import { operations } from '#control-plane/api/openapi/operations.ts'
import { registryOperations } from '#control-plane/api/openapi/registry-operations.ts'
import { permissions, permissionsOf, roles } from '#shared/access/permissions.ts'
import type { Caller } from './caller.ts'
import { askedOf, OperationTable } from './find-operation.ts'
import { matrix, rolesFor } from './matrix.ts'
import { mayDo } from './may-do.ts'

const table = new OperationTable(matrix)

t.test('every operation of the document has a row', async (t) => {
  for (const { method, path } of [...operations, ...registryOperations]) {
    const url = `/v1${path.replace(/\{(\w+)\}/g, 'some')}`
    const found = table.find(askedOf({ method: method.toUpperCase(), url }))
    t.ok(found, `${method} ${path}`)
    const wanted = `${path.startsWith('/cluster') ? '' : '/v1'}${path.replace(/\{(\w+)\}/g, ':$1')}`
    t.equal(found?.path.replace(/:\w+/g, ':'), wanted.replace(/:\w+/g, ':'))
  }
})

t.test('no two rows are about the same', async (t) => {
  const lines = matrix.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`)
  t.strictSame(
    lines.filter((line, index) => lines.indexOf(line) !== index),
    [],
  )
})

t.test('whatever changes something needs a permission that viewers do not have', async (t) => {
  const proving = ['POST /v1/enrol', 'POST /v1/renew', 'POST /sign-in/link', 'POST /sign-out']
  const asking = ['POST /v1/routing/plan', 'POST /v1/routing/explain', ...proving]
  for (const operation of matrix) {
    const line = `${operation.method} ${operation.path}`
    if (operation.method === 'GET' || asking.includes(line)) continue
    t.notOk(rolesFor(operation).includes('viewer'), line)
  }
})

t.test('each permission is needed by something, and an admin has all of them', async (t) => {
  const needed = new Set(matrix.map(({ needs }) => needs))
  t.strictSame(
    permissions.filter((permission) => !needed.has(permission)),
    [],
  )
  t.strictSame(permissionsOf.admin, permissions)
})

t.test('only what must be is open to anybody', async (t) => {
  const open = matrix.filter(({ needs }) => needs === 'nothing').map(({ method, path }) => `${method} ${path}`)
  const signingIn = ['', '/sign-in.js', '/sign-in.css', '/oidc', '/oidc/callback'].map((path) => `GET /sign-in${path}`)
  const wanted = [
    'GET /health',
    ...signingIn,
    'POST /sign-in/link',
    'POST /sign-out',
    'POST /v1/enrol',
    'POST /v1/renew',
  ]
  t.strictSame(open.toSorted(), wanted.toSorted())
})

t.test('a row is found however the path is written, and no other path finds one', async (t) => {
  const cases = [
    ['GET', '/v1/nodes/status', '/v1/nodes/:id'],
    ['GET', '/cluster/nodes/status', '/cluster/nodes/status'],
    ['GET', '/v1/cluster/nodes/n1/', '/cluster/nodes/:id'],
    ['HEAD', '/health', '/health'],
    ['GET', 'http://plane:8888/v1/status?at=3', '/v1/status'],
    ['GET', '/V1/status', undefined],
    ['GET', '/v1//status', undefined],
    ['GET', '/v1/%73tatus', undefined],
    ['DELETE', '/v1/status', undefined],
    ['GET', '/v1/nodes//', undefined],
  ] as const
  for (const [method, url, path] of cases) t.equal(table.find(askedOf({ method, url }))?.path, path, `${method} ${url}`)
})

t.test('who is bound to a tenant is let do what belongs to it, and nothing that concerns all', async (t) => {
  const caller: Caller = { kind: 'token', name: 'token:x', permissions, tenant: 'acme' }
  for (const operation of matrix) {
    const line = `${operation.method} ${operation.path}`
    if (operation.needs === 'nothing') continue
    t.equal(mayDo(caller, operation), operation.tenant === 'none' ? 'no' : 'yes', line)
    t.equal(mayDo(undefined, operation), 'unknown', line)
  }
})

t.test('each role may do what the rows give it', async (t) => {
  for (const role of roles) {
    const caller: Caller = { kind: 'token', name: role, role, permissions: permissionsOf[role] }
    for (const operation of matrix) {
      const wanted = rolesFor(operation).includes(role) ? 'yes' : 'no'
      t.equal(mayDo(caller, operation), wanted, `${role}: ${operation.method} ${operation.path}`)
    }
  }
})
