import t from 'tap'
import { plainEnvironment, withoutHooks } from './plain-environment.ts'

const hook = '"--import=file:///project/node_modules/@tapjs/processinfo/dist/esm/import.mjs"'

for (const { name, env, plain } of [
  {
    name: 'a test run',
    env: {
      PATH: '/bin',
      TAP: '1',
      TAP_JOBS: '2',
      _TAPJS_PROCESSINFO_ROOT_: 'x',
      NODE_OPTIONS: `${hook} --no-warnings`,
    },
    plain: { PATH: '/bin', NODE_OPTIONS: '--no-warnings' },
  },
  { name: 'a test run without options of its own', env: { NODE_OPTIONS: hook }, plain: {} },
  {
    name: 'a plain run',
    env: { TAPE: '1', NODE_OPTIONS: '--import=./own.ts' },
    plain: { TAPE: '1', NODE_OPTIONS: '--import=./own.ts' },
  },
]) {
  await t.test(`the environment of ${name}`, async (t) => t.strictSame(plainEnvironment(env), plain))
}

await t.test('the hooks that are put into a child are taken away before its program starts', async (t) => {
  const hooked = { _TAPJS_PROCESSINFO_ROOT_: 'x', PATH: '/bin' }
  t.strictSame(withoutHooks({ PATH: '/bin' }, { PATH: '/bin' }), [])
  t.strictSame(withoutHooks(hooked, { PATH: '/bin' }), [
    '/usr/bin/env',
    '-u',
    '_TAPJS_PROCESSINFO_ROOT_',
    '-u',
    'NODE_OPTIONS',
  ])
  t.strictSame(withoutHooks(hooked, { NODE_OPTIONS: '--no-warnings' }).at(-1), 'NODE_OPTIONS=--no-warnings')
})
