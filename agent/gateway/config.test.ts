import t from 'tap'
import * as z from 'zod/mini'
import { GatewayConfig, GatewayConfigs, portOf } from './config.ts'
import { gatewaySettings } from './settings.ts'

const problems = (value: unknown) => {
  const { error } = z.safeParse(GatewayConfigs, value)
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

t.test("an operator's Nginx needs a name alone", async (t) => {
  const settings = gatewaySettings(z.parse(GatewayConfig, { name: 'edge' }), '/var/lib/heddle-agent')
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
  t.match(gatewaySettings(z.parse(GatewayConfig, { name: 'edge', managed: true, run: true }), '/s'), {
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

t.test('the port of an address', async (t) => {
  t.equal(portOf('[::1]:80'), 80)
  t.equal(portOf('127.0.0.1:18099'), 18_099)
})
