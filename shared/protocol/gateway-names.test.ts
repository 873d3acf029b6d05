import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { GatewayFile } from './gateway.ts'
import { fileNamePart, gatewayFilePrefix } from './gateway-names.ts'

const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
  fc.stringMatching(/^[A-Za-z0-9._-]{1,60}$/),
)

t.test('whatever gateway and service are called, the path is one that the agent takes', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(name, name, (gateway, service) => {
        const path = `${gatewayFilePrefix(gateway)}${fileNamePart(service)}.conf`
        return z.safeParse(GatewayFile, { path, content: '' }).success
      }),
    ),
  )
})

t.test('different names give different parts', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(name, name, (a, b) => a === b || fileNamePart(a) !== fileNamePart(b))))
  t.not(fileNamePart('用户服务'), fileNamePart('简历服务'))
  t.not(fileNamePart('a b'), fileNamePart('a-b'))
})

t.test('a plain name stays readable', async (t) => {
  t.equal(gatewayFilePrefix('edge'), 'heddle-edge-')
  t.equal(fileNamePart('basic-server_1.0'), 'basic-server_1.0')
  t.match(fileNamePart('用户 service'), /^-service--[0-9a-f]{8}$/)
})
