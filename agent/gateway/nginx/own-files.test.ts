import t from 'tap'
import * as z from 'zod/mini'
import { NginxGatewayConfig } from '../config.ts'
import { readDirectives } from './directives.ts'
import { hashIn, mainContent, proofContent, word } from './own-files.ts'
import { gatewaySettings } from './settings.ts'

const main = (more: object) => {
  const settings = gatewaySettings(
    z.parse(NginxGatewayConfig, { name: 'edge', proxy: 'nginx', managed: true, ...more }),
    '/var/lib/agent "x"',
  )
  const directives = readDirectives(mainContent(settings, settings))
  return new Map(directives.map(({ name, args }) => [name, args.map(({ value }) => value).join(' ')]))
}

t.test('the main file bounds how long workers drain, and keeps to its folder', async (t) => {
  const home = '/var/lib/agent "x"/gateway/edge/nginx'
  t.match(Object.fromEntries(main({ worker_shutdown_timeout: '5s', workers: 3, user: 'www-data' })), {
    worker_shutdown_timeout: '5000ms',
    worker_processes: '3',
    user: 'www-data',
    pid: `${home}/nginx.pid`,
    error_log: `${home}/error.log warn`,
    include: `${home}/conf/heddle-edge-*.conf`,
    client_body_temp_path: `${home}/temp/client_body`,
  })
})

t.test('only an Nginx that the agent runs stays in the foreground', async (t) => {
  t.equal(main({ run: true }).get('daemon'), 'off')
  t.equal(main({}).get('daemon'), undefined)
  t.equal(main({}).get('user'), undefined)
  t.equal(main({}).get('worker_processes'), 'auto')
})

t.test('the proof says its hash, on its address alone', async (t) => {
  const text = proofContent({ name: 'edge', proof: '127.0.0.1:18099', drainFile: '/f/draining' }, 'abc123', true)
  t.equal(hashIn(text), 'abc123')
  t.equal(hashIn(undefined), '')
  t.strictSame(
    readDirectives(text)
      .filter(({ name }) => name === 'listen')
      .map(({ args }) => args.map(({ value }) => value)),
    [['127.0.0.1:18099']],
  )
})

t.test('a path is one word', async (t) => t.equal(word('/a "b"\\c'), '"/a \\"b\\"\\\\c"'))
