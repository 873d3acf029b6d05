/** What programs that are started get of this process's own environment, which may hold secrets and what changes how programs are loaded. */
const passedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

/** The environment for a program that is started: a few harmless variables, never `LD_*`, `NODE_OPTIONS` or secrets. */
export function cleanEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(passedOn.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])))
}
