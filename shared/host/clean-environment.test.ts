import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { cleanEnvironment } from './clean-environment.ts'

const hostile = {
  PATH: '/usr/bin',
  LANG: 'C',
  LD_PRELOAD: '/tmp/x.so',
  LD_LIBRARY_PATH: '/tmp',
  NODE_OPTIONS: '--import /tmp/x.mjs',
  BASH_ENV: '/tmp/x',
  PERL5LIB: '/tmp',
  OPENSSL_CONF: '/tmp/x',
  CREDENTIALS_DIRECTORY: '/run/credentials/x',
  HEDDLE_TOKEN: 'secret',
}

t.test('nothing that loads code or holds a secret is handed on', async (t) => {
  t.strictSame(cleanEnvironment(hostile), { PATH: '/usr/bin', LANG: 'C' })
  const { stdout } = await promisify(execFile)('/usr/bin/env', [], { env: cleanEnvironment(hostile) })
  // Whoever runs this test may add variables of its own to what is started.
  for (const [name, value] of Object.entries(hostile))
    t.equal(stdout.split('\n').includes(`${name}=${value}`), name === 'PATH' || name === 'LANG', name)
})
