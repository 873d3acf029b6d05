/**
 * An environment without what a test run leaves in it. A program under test runs as it does in production: without the hooks of the test
 * tool, which listen to signals, load modules of their own and take time to do so.
 */
export function plainEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS = '', ...rest } = env
  const options = NODE_OPTIONS.replace(/"--import=[^"]*@tapjs[^"]*"|--import=\S*@tapjs\S*/g, '').trim()
  const plain = Object.entries(rest).filter(([name]) => name !== 'TAP' && !/^(TAP|_TAPJS)_/.test(name))
  return { ...Object.fromEntries(plain), ...(options === '' ? {} : { NODE_OPTIONS: options }) }
}

/**
 * The words to put before a command so that it starts without the variables of `env` that are not in `wanted`. The test tool puts its own
 * into whatever is spawned, so they have to be taken away afterwards. None outside of a test run.
 */
export function withoutHooks(env: NodeJS.ProcessEnv, wanted: NodeJS.ProcessEnv): readonly string[] {
  const hooks = Object.keys(env).filter((name) => name.startsWith('_TAPJS_') && !(name in wanted))
  if (hooks.length === 0) return []
  const { NODE_OPTIONS } = wanted
  const options = NODE_OPTIONS === undefined ? ['-u', 'NODE_OPTIONS'] : [`NODE_OPTIONS=${NODE_OPTIONS}`]
  return ['/usr/bin/env', ...hooks.flatMap((name) => ['-u', name]), ...options]
}
