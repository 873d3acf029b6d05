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
