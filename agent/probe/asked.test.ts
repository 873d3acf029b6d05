import t from 'tap'
import { readAsked } from './asked.ts'

const http = { kind: 'http', address: '10.0.0.7', port: 80, timeoutMs: 2_000, path: '/health', service: '' }

for (const [args, spec] of [
  ['http://10.0.0.7', http],
  ['http://10.0.0.7/', { ...http, path: '/' }],
  ['http://10.0.0.7:8080/api/health?deep=1', { ...http, port: 8080, path: '/api/health?deep=1' }],
  ['https://10.0.0.7 --service user-service', { ...http, port: 443, tls: true, service: 'user-service' }],
  ['--timeout 500ms http://[::1]:8080', { ...http, address: '::1', port: 8080, timeoutMs: 500 }],
  ['tcp://redis.internal:6379', { kind: 'tcp', address: 'redis.internal', port: 6379, timeoutMs: 2_000 }],
  ['redis://10.0.0.7', { kind: 'redis', address: '10.0.0.7', port: 6379, timeoutMs: 2_000 }],
  ['rediss://10.0.0.7', { kind: 'redis', address: '10.0.0.7', port: 6379, timeoutMs: 2_000, tls: true }],
  [
    'postgres://me@10.0.0.7/shop',
    { kind: 'postgresql', address: '10.0.0.7', port: 5432, timeoutMs: 2_000, user: 'me', database: 'shop' },
  ],
  ['grpc://10.0.0.7:50051', { kind: 'grpc', address: '10.0.0.7', port: 50051, timeoutMs: 2_000, service: '' }],
] as const) {
  t.test(`"${args}" is asked`, async (t) => {
    t.strictSame(readAsked(args.split(' ')), { kind: 'probe', spec, json: false })
  })
}

for (const [args, message] of [
  ['', /One address/],
  ['http://a http://b', /One address/],
  ['10.0.0.7:8080', /no address of a known kind: http:\/\/, tcp:\/\/, .* Was http:\/\/10.0.0.7:8080 meant\?$/],
  ['localhost:6379', /no address of a known kind: .* Was redis:\/\/localhost:6379 meant\?$/],
  ['crm/health', /Was http:\/\/crm\/health meant\?$/],
  ['http://10.0.0.7:80800/health', /A port is a number from 1 to 65535\.$/],
  ['10.0.0.7:80800', /A port is a number from 1 to 65535\.$/],
  ['ftp://10.0.0.7', /no address of a known kind/],
  ['tcp://10.0.0.7', /names no port/],
  ['tcp://', /no address/],
  ['http://10.0.0.7 --timeout soon', /--timeout/],
  ['http://10.0.0.7 --timeout 2m', /--timeout/],
  ['http://10.0.0.7 --nothing', /^Unknown option '--nothing'\.$/],
] as const) {
  t.test(`"${args}" is wrong`, async (t) => {
    t.match(readAsked(args.split(' ').filter(Boolean)), { kind: 'wrong', message })
  })
}

t.test('help and JSON are asked for', async (t) => {
  t.strictSame(readAsked(['--help']), { kind: 'help' })
  t.match(readAsked(['--json', 'http://10.0.0.7']), { kind: 'probe', json: true })
})
