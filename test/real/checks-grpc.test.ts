import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import t from 'tap'
import { probe } from '#shared/probe/probe.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { onPath } from '#test/support/on-path.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(60_000)

const { root } = protobuf.parse(`
syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}`)
const Request = root.lookupType('grpc.health.v1.HealthCheckRequest')
const Response = root.lookupType('grpc.health.v1.HealthCheckResponse')

const check = {
  path: '/grpc.health.v1.Health/Check',
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: object) => Buffer.from(Request.encode(Request.create(value)).finish()),
  requestDeserialize: (bytes: Buffer) =>
    Request.toObject(Request.decode(bytes), { defaults: true }) as { service: string },
  responseSerialize: (value: object) => Buffer.from(Response.encode(Response.create(value)).finish()),
  responseDeserialize: (bytes: Buffer) => Response.toObject(Response.decode(bytes)),
} as const

type Answer = number | { readonly code: status } | 'nothing'

/** A real gRPC server whose health service says what it is told, by the name asked for. */
class HealthServer implements AsyncDisposable {
  readonly port: number
  readonly #server: Server

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(
    answers: ReadonlyMap<string, Answer> | undefined,
    credentials = ServerCredentials.createInsecure(),
  ): Promise<HealthServer> {
    const server = new Server()
    const answer = (call: ServerUnaryCall<{ service: string }, object>, done: sendUnaryData<object>) => {
      const told = answers?.get(call.request.service) ?? { code: status.NOT_FOUND }
      if (typeof told === 'number') done(null, { status: told })
      else if (told !== 'nothing') done({ code: told.code, details: 'told so' })
    }
    if (answers) server.addService({ Check: check }, { Check: answer })
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
    )
    return new HealthServer(server, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown()
  }
}

async function says(port: number, service = '', more: object = {}): Promise<string> {
  const { verdict } = await probe({ kind: 'grpc', address: '127.0.0.1', port, timeoutMs: 10_000, service, ...more })
  return `${verdict.health} ${reasonText(verdict.reason)}`
}

await t.test('a real health server is read, each of its answers for itself', async (t) => {
  const answers = new Map<string, Answer>([
    ['', 1],
    ['zervigo.Crm', 1],
    ['sick', 2],
    ['starting', 0],
    ['busy', { code: status.RESOURCE_EXHAUSTED }],
    ['away', { code: status.UNAVAILABLE }],
    ['secret', { code: status.UNAUTHENTICATED }],
    ['mute', 'nothing'],
    ['名'.repeat(60), 1],
  ])
  await using server = await HealthServer.start(answers)
  for (const [service, gives] of [
    ['', 'passing ok'],
    ['zervigo.Crm', 'passing ok'],
    ['名'.repeat(60), 'passing ok'],
    ['sick', 'critical grpc_health status=NOT_SERVING'],
    ['starting', 'warning grpc_health status=UNKNOWN'],
    ['nobody', 'critical grpc_status status=NOT_FOUND'],
    ['busy', 'warning grpc_status status=RESOURCE_EXHAUSTED'],
    ['away', 'critical grpc_status status=UNAVAILABLE'],
    ['secret', 'passing needs_login'],
  ] as const) {
    t.equal(await says(server.port, service), gives)
  }
  t.equal(await says(server.port, 'mute', { timeoutMs: 300 }), 'critical timeout')
})

await t.test('a gRPC server without a health service lives', async (t) => {
  await using server = await HealthServer.start(undefined)
  t.equal(await says(server.port), 'passing no_health_endpoint status=UNIMPLEMENTED')
})

await t.test('a server that is gone is refused, and one of another protocol is not taken for it', async (t) => {
  const server = await HealthServer.start(new Map([['', 1]]))
  await server[Symbol.asyncDispose]()
  t.equal(await says(server.port), 'critical refused')
  await using web = await startBasicServer()
  t.match(await says(web.port), /^critical (bad_answer error=not gRPC|reset)$/)
})

await t.test('through a real Envoy it is the server that is read, and what Envoy says in its place', async (t) => {
  const server = await HealthServer.start(new Map([['', 1]]))
  const port = await freePort()
  const bootstrap = envoyBefore(port, server.port)
  await using envoy = await startEnvoy({ bootstrap })
  await waitFor(() => says(port), { what: 'the way through', withinMs: 10_000, until: (said) => said === 'passing ok' })
  t.equal(await says(port, 'nobody'), 'critical grpc_status status=NOT_FOUND')
  const ready = {
    kind: 'http',
    address: '127.0.0.1',
    port: envoy.adminPort,
    path: '/ready',
    timeoutMs: 10_000,
  } as const
  t.match((await probe({ ...ready, service: 'envoy' })).verdict, { health: 'passing' })
  await server[Symbol.asyncDispose]()
  await waitFor(() => says(port), {
    what: 'the end of the server behind it',
    withinMs: 10_000,
    until: (said) => said === 'critical grpc_status status=UNAVAILABLE',
  })
})

/** An Envoy that hands every call on to one server, in HTTP/2 on both sides. */
function envoyBefore(port: number, upstreamPort: number): object {
  const at = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } })
  const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` })
  const manager = {
    ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'grpc',
    codec_type: 'HTTP2',
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'health' } }] },
      ],
    },
    http_filters: [{ name: 'router', typed_config: type('filters.http.router.v3.Router') }],
  }
  const protocols = {
    ...type('upstreams.http.v3.HttpProtocolOptions'),
    explicit_http_config: { http2_protocol_options: {} },
  }
  return {
    static_resources: {
      listeners: [
        { name: 'grpc', address: at(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] },
      ],
      clusters: [
        {
          name: 'health',
          typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocols },
          load_assignment: {
            cluster_name: 'health',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstreamPort) } }] }],
          },
        },
      ],
    },
  }
}

const openssl = await onPath('openssl')
await t.test('behind TLS', { skip: openssl ? false : 'openssl is not installed' }, async (t) => {
  await using folder = await temporaryFolder('grpc')
  const [key, certificate] = [join(folder.path, 'key'), join(folder.path, 'certificate')]
  const subject = ['-subj', '/CN=crm', '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  {
    await using made = await spawnProcess(openssl ?? '', [
      'req',
      '-x509',
      ...subject,
      '-keyout',
      key,
      '-out',
      certificate,
    ])
    t.equal((await made.exited).code, 0, made.output)
  }
  const pair = { private_key: await readFile(key), cert_chain: await readFile(certificate) }
  await using server = await HealthServer.start(new Map([['', 1]]), ServerCredentials.createSsl(null, [pair]))
  t.equal(await says(server.port, '', { tls: true }), 'passing ok')
  t.match(await says(server.port), /^critical/, 'without it nothing is understood')
})
