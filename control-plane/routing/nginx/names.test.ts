import fc from 'fast-check'
import t from 'tap'
import { GatewayFile } from '#shared/protocol/gateway.ts'
import { identifier } from '#shared/protocol/gateway-names.ts'
import { namesFor } from './names.ts'

const names = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._-]{1,45}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
)

for (const { name, expected } of [
  { name: 'user-service', expected: 'user_service' },
  { name: 'user_service', expected: /^user_service__[0-9a-f]{8}$/ },
  { name: 'User-Service', expected: /^user_service__[0-9a-f]{8}$/ },
  { name: '简历', expected: /^__[0-9a-f]{8}$/ },
  { name: 'a'.repeat(60), expected: /^a{30}__[0-9a-f]{8}$/ },
]) {
  t.test(`${name} has its own identifier`, async (t) => t.match(identifier(name, 40), expected))
}

t.test('different names never share an upstream, a variable or a file, and all of them are ours', async (t) => {
  fc.assert(
    fc.property(names, names, names, (gateway, one, other) => {
      const ours = namesFor(gateway)
      const files = [ours.listenersFile, ours.serviceFile(one), ours.serviceFile(other)]
      const fit = files.every((path) => GatewayFile.shape.path.safeParse(path).success)
      const plain = [ours.upstream(one), ours.variable('request_id'), ours.logFormat].every((id) =>
        /^heddle_[a-z0-9_]{1,90}$/.test(id),
      )
      const apart = one === other || (ours.upstream(one) !== ours.upstream(other) && files[1] !== files[2])
      return fit && plain && apart && files[0] !== files[1] && ours.variable('request_id').length <= 46
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
