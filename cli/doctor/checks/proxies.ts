import { execFile } from 'node:child_process'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import type { Check, Scene } from '../check.ts'
import { listAt, type Patient, textAt } from '../claims.ts'
import { type Finding, finder } from '../finding.ts'
import { versionFinding } from '../judge/versions.ts'
import { reach } from '../reach.ts'

const { ok, warning, error } = finder('proxies')

/** The Nginx and Envoys on this node: whether the configuration is one that Nginx takes, and whether Envoys answer. */
export const proxies: Check = {
  name: 'proxies',
  async examine(scene) {
    const found = await Promise.all(
      scene.patients.flatMap((patient) => (patient.kind === 'agent' ? ofAgent(patient, scene) : [])),
    )
    return found.flat()
  },
}

function ofAgent({ value, file }: Patient, scene: Scene): readonly Promise<readonly Finding[]>[] {
  return [
    ...listAt(value, 'gateways').map((gateway) => {
      const what = `gateway ${textAt(gateway, 'name', '?')} (${file})`
      return gateway.proxy === 'envoy'
        ? envoyFindings(what, textAt(gateway, 'admin', ''), scene)
        : nginxFindings(what, gateway, scene)
    }),
    ...listAt(value, 'envoys').map((envoy) =>
      envoyFindings(
        `Envoy of ${textAt(envoy, 'gateway', '?')} (${file})`,
        textAt(envoy, 'admin', '127.0.0.1:9901'),
        scene,
      ),
    ),
  ]
}

async function envoyFindings(what: string, admin: string, scene: Scene): Promise<readonly Finding[]> {
  if (admin === '') return []
  const reached = await reach(scene, { url: `http://${admin}/server_info` })
  if (reached.kind === 'failed') {
    const text = `${what} does not answer at its admin page ${admin} (step ${reached.step}, ${reached.tookMs} ms): ${reached.why}`
    return [warning(text, 'Start it: `heddle envoy bootstrap` writes what it is started with.')]
  }
  const [, version = ''] = /"version":\s*"[^/"]*\/([\d.]+)/.exec(reached.body) ?? []
  const [, state = ''] = /"state":\s*"([A-Z_]+)"/.exec(reached.body) ?? []
  const live = ok(`${what} answers (${reached.tookMs} ms)`)
  const notLive = warning(
    `${what} is ${state || 'in no state that it tells'}`,
    'Look at its log; LIVE is what it should be.',
  )
  return [state === 'LIVE' ? live : notLive, ...(version === '' ? [] : [versionFinding('envoy', version, what)])]
}

async function nginxFindings(
  what: string,
  gateway: Readonly<Record<string, unknown>>,
  { stop, answerWithinMs }: Scene,
): Promise<readonly Finding[]> {
  const binary = textAt(gateway, 'binary', 'nginx')
  const env = cleanEnvironment()
  const path = `${env.PATH ?? ''}:/usr/sbin:/usr/local/sbin:/sbin`
  const run = (args: readonly string[]) =>
    new Promise<{ readonly code: string | number; readonly said: string }>((done) => {
      execFile(
        binary,
        args,
        { env: { ...env, PATH: path }, signal: stop, timeout: answerWithinMs },
        (failed, _, stderr) => {
          done({ code: failed === null ? 0 : (failed.code ?? 'ended'), said: stderr.trim() })
        },
      )
    })
  const { code, said } = await run(['-v'])
  if (code === 'ENOENT')
    return [error(`${what}: there is no ${binary} on this host`, 'Install Nginx, or name the program in `binary`.')]
  const [, version = ''] = /nginx\/([\d.]+)/.exec(said) ?? []
  const found = [versionFinding('nginx', version, what)]
  // What the agent itself writes it also tests; the operator's file is tested here.
  if (gateway.managed === true) return found
  const config = textAt(gateway, 'main_config', '/etc/nginx/nginx.conf')
  const prefix = textAt(gateway, 'prefix', '')
  const tested = await run(['-t', '-q', '-e', 'stderr', '-c', config, ...(prefix === '' ? [] : ['-p', prefix])])
  if (tested.code === 0) return [...found, ok(`${what}: Nginx takes ${config}`)]
  if (/Permission denied/.test(tested.said)) {
    return [
      ...found,
      warning(`${what}: whether Nginx takes ${config} cannot be seen without root`, 'Run the doctor as root.'),
    ]
  }
  const [complaint = ''] = tested.said.split('\n').filter((line) => /\[(emerg|crit|alert)\]/.test(line))
  const why = complaint.replace(/^.*?\[(emerg|crit|alert)\] (\d+#\d+: )?/, '') || tested.said.slice(0, 200)
  return [
    ...found,
    error(
      `${what}: Nginx does not take ${config}: ${why}`,
      'Correct that line: until then no change reaches this Nginx.',
    ),
  ]
}
