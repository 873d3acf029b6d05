import fc from 'fast-check'
import t from 'tap'
import { reasonText } from '../protocol/reason.ts'
import { type GrpcAnswer, healthRequest, readHealth } from './grpc-health.ts'

const framed = (...bytes: readonly number[]) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes])
const answer = (more: Partial<GrpcAnswer>): GrpcAnswer => ({
  status: 200,
  contentType: 'application/grpc',
  grpcStatus: '0',
  body: framed(8, 1),
  ...more,
})
const says = (more: Partial<GrpcAnswer>) => {
  const { health, reason } = readHealth(answer(more))
  return `${health} ${reasonText(reason)}`
}
const none = Buffer.alloc(0)

for (const { what, more, gives } of [
  { what: 'SERVING', more: {}, gives: 'passing ok' },
  { what: 'NOT_SERVING', more: { body: framed(8, 2) }, gives: 'critical grpc_health status=NOT_SERVING' },
  { what: 'UNKNOWN', more: { body: framed(8, 0) }, gives: 'warning grpc_health status=UNKNOWN' },
  { what: 'UNKNOWN, left out', more: { body: framed() }, gives: 'warning grpc_health status=UNKNOWN' },
  { what: 'SERVICE_UNKNOWN', more: { body: framed(8, 3) }, gives: 'critical grpc_health status=SERVICE_UNKNOWN' },
  { what: 'a state of later', more: { body: framed(8, 9) }, gives: 'warning unknown_word word=#' },
  {
    what: 'fields of later',
    more: { body: framed(0x12, 2, 7, 7, 0x1d, 1, 1, 1, 1, 8, 1, 0x20, 0x81, 1) },
    gives: 'passing ok',
  },
  {
    what: 'no health server',
    more: { grpcStatus: '12', body: none },
    gives: 'passing no_health_endpoint status=UNIMPLEMENTED',
  },
  {
    what: 'no health server behind HTTP/2',
    more: { status: 404, contentType: 'text/html', grpcStatus: undefined },
    gives: 'passing no_health_endpoint status=UNIMPLEMENTED',
  },
  { what: 'an unknown service', more: { grpcStatus: '5', body: none }, gives: 'critical grpc_status status=NOT_FOUND' },
  { what: 'unavailable', more: { grpcStatus: '14', body: none }, gives: 'critical grpc_status status=UNAVAILABLE' },
  {
    what: 'too much to do',
    more: { grpcStatus: '8', body: none },
    gives: 'warning grpc_status status=RESOURCE_EXHAUSTED',
  },
  { what: 'too late', more: { grpcStatus: '4', body: none }, gives: 'critical timeout' },
  { what: 'a wish for a login', more: { grpcStatus: '16', body: none }, gives: 'passing needs_login' },
  {
    what: 'a login page',
    more: { status: 401, contentType: 'text/html', grpcStatus: undefined },
    gives: 'passing needs_login',
  },
  { what: 'a status that is none', more: { grpcStatus: 'x9\n' }, gives: 'critical grpc_status status=?9?' },
  {
    what: 'a proxy without its server',
    more: { status: 502, contentType: 'text/html', grpcStatus: undefined },
    gives: 'critical http_status status=502',
  },
  {
    what: 'a web page',
    more: { contentType: 'text/html', grpcStatus: undefined },
    gives: 'critical bad_answer error=not gRPC',
  },
  { what: 'an answer without an end', more: { grpcStatus: undefined }, gives: 'critical bad_answer error=ended early' },
  { what: 'no message', more: { body: none }, gives: 'critical bad_answer error=no message' },
  {
    what: 'a compressed message',
    more: { body: Buffer.from([1, 0, 0, 0, 2, 8, 1]) },
    gives: 'critical bad_answer error=bad message',
  },
  {
    what: 'two messages',
    more: { body: Buffer.concat([framed(8, 1), framed(8, 1)]) },
    gives: 'critical bad_answer error=bad message',
  },
  { what: 'half a field', more: { body: framed(8) }, gives: 'critical bad_answer error=bad message' },
  { what: 'a field beyond the end', more: { body: framed(0x12, 200) }, gives: 'critical bad_answer error=bad message' },
]) {
  t.test(`${what} is told`, async (t) => t.equal(says(more), gives))
}

t.test('the request names the service', async (t) => {
  t.equal(healthRequest('').toString('hex'), '0000000000')
  t.equal(healthRequest('a.B').toString('hex'), '00000000050a03612e42')
  t.equal(healthRequest('x'.repeat(200)).toString('hex').slice(0, 16), '00000000cb0ac801')
})

t.test('any answer gives a verdict', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      fc.option(fc.string()),
      (bytes, isFramed, grpcStatus) => {
        const body = isFramed ? framed(...bytes) : Buffer.from(bytes)
        return says({ body, grpcStatus: grpcStatus ?? '0' }).length < 100
      },
    ),
    { numRuns: 1_000 },
  )
  t.pass()
})
