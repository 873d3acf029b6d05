import t from 'tap'
import * as z from 'zod/mini'
import { EnvoyGatewayConfig, GatewayConfigs, NginxGatewayConfig, portOf } from './config.ts'
import { envoySettings } from './envoy/settings.ts'
import { gatewaySettings } from './nginx/settings.ts'

const problems = (value: unknown) => {
  const { error } = z.safeParse(GatewayConfigs, value)
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

t.test("an operator's Nginx needs a name alone", async (t) => {
  const settings = gatewaySettings(
    z.parse(NginxGatewayConfig, { name: 'edge', proxy: 'nginx' }),
    '/var/lib/heddle-agent',
  )
  t.match(settings, {
    binary: 'nginx',
    managed: false,
    run: false,
    mainConfig: '/etc/nginx/nginx.conf',
    folder: '/etc/nginx/conf.d',
    pidFile: '/run/nginx.pid',
    prefix: undefined,
    errorLog: undefined,
    filePrefix: 'heddle-edge-',
    proofFile: 'heddle-edge-proof.conf',
    reloadsPerMinute: 6,
    good: '/var/lib/heddle-agent/gateway/edge/good',
  })
})

t.test('a managed Nginx has all of its files in the state of the agent', async (t) => {
  const home = '/s/gateway/edge/nginx'
  const config = z.parse(NginxGatewayConfig, { name: 'edge', proxy: 'nginx', managed: true, run: true })
  t.match(gatewaySettings(config, '/s'), {
    mainConfig: `${home}/nginx.conf`,
    folder: `${home}/conf`,
    pidFile: `${home}/nginx.pid`,
    errorLog: `${home}/error.log`,
    prefix: home,
  })
})

for (const { name, value, expected } of [
  { name: 'none', value: [{ name: 'a' }], expected: [] },
  {
    name: 'an Nginx to run without a main file of ours',
    value: [{ name: 'a', run: true }],
    expected: ['0.run: the agent can run Nginx only with a main file of its own: set managed: true'],
  },
  {
    name: 'a proof that others could reach',
    value: [{ name: 'a', proof: '0.0.0.0:80' }],
    expected: ['0.proof: expected a loopback address with a port, such as "127.0.0.1:18099"'],
  },
  {
    name: 'a relative path',
    value: [{ name: 'a', folder: 'conf.d' }],
    expected: ['0.folder: expected an absolute path'],
  },
  {
    name: 'two gateways in one place',
    value: [{ name: 'a' }, { name: 'a' }],
    expected: [
      '1.name: gateways a and a both have name a',
      '1.folder: gateways a and a both have folder /etc/nginx/conf.d',
      '1.proof: gateways a and a both have proof 127.0.0.1:18099',
    ],
  },
  {
    name: 'another proxy',
    value: [{ name: 'a', proxy: 'apache' }],
    expected: ['0.proxy: expected "nginx" or "envoy"'],
  },
  {
    name: 'settings of Nginx for an Envoy',
    value: [{ name: 'a', proxy: 'envoy', managed: true }],
    expected: ['0: Invalid input'],
  },
  {
    name: 'two Envoys on one admin page',
    value: [
      { name: 'a', proxy: 'envoy' },
      { name: 'b', proxy: 'envoy' },
    ],
    expected: ['1.admin: gateways a and b both have admin 127.0.0.1:9901'],
  },
  { name: 'an Envoy and an Nginx', value: [{ name: 'a', proxy: 'envoy' }, { name: 'b' }], expected: [] },
  {
    name: 'two managed gateways with proofs of their own',
    value: [
      { name: 'a', managed: true },
      { name: 'b', managed: true, proof: '[::1]:18099' },
    ],
    expected: [],
  },
]) {
  t.test(`problems told: ${name}`, async (t) => t.strictSame(problems(value), expected))
}

t.test('an Envoy needs a name alone, and has its files in the state of the agent', async (t) => {
  t.match(envoySettings(z.parse(EnvoyGatewayConfig, { name: 'edge', proxy: 'envoy' }), '/s'), {
    binary: 'envoy',
    run: false,
    folder: '/s/gateway/edge/envoy',
    bootstrap: '/s/gateway/edge/envoy/heddle-edge-bootstrap.json',
    admin: '127.0.0.1:9901',
    errorLog: undefined,
    good: '/s/gateway/edge/good',
  })
})

t.test('the port of an address', async (t) => {
  t.equal(portOf('[::1]:80'), 80)
  t.equal(portOf('127.0.0.1:18099'), 18_099)
})
