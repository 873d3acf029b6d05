/** A process of this host, as its command line and its control group tell it. */
export type Process = {
  readonly pid: number
  /** What people call it: the script where an interpreter runs one, else the program. */
  readonly name: string
  /** The command line for people, its secrets masked. */
  readonly command: string
  /** Its systemd unit, if it has one. */
  readonly unit?: string
}

const mostCommand = 300
const interpreters =
  /^(node|nodejs|bun|deno|python[\d.]*|pypy[\d.]*|java|ruby|perl|php[\d.-]*|bash|dash|sh|uwsgi|gunicorn|uvicorn)$/

/** What a process is called, by its arguments; `comm` is the kernel's name for it, where there are no arguments. */
export function nameOf(args: readonly string[], comm: string): string {
  const [program = ''] = args
  // Some servers write a title over their arguments: "nginx: master process /usr/sbin/nginx", "redis-server *:6379".
  const own = baseOf(/^[\w.-]+(?=:? )/.exec(program)?.[0] ?? program) || comm
  if (!interpreters.test(own)) return own
  const script = scriptOf(own, args.slice(1))
  return script === undefined ? own : baseOf(script) || own
}

function scriptOf(program: string, args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    if (arg === '-jar' || arg === '-m') return args[at + 1]
    // What follows these is a program text or a setting, no script.
    if (arg === '-c' || arg === '-e' || arg === '--eval') return undefined
    if (program === 'java' && (arg === '-cp' || arg === '-classpath')) at += 1
    else if (!arg.startsWith('-') && arg !== '') return arg
  }
  return undefined
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A name as it could be a service's: without the ending of a script and without a version. */
export function plainName(name: string): string {
  return name
    .replace(/\.(jar|py|[cm]?[jt]s|rb|pl|php|sh|service)$/i, '')
    .replace(/-v?\d+(\.\d+)+([-.](SNAPSHOT|RELEASE|\w+))?$/i, '')
}

/** The systemd unit of a text as /proc/<pid>/cgroup has it: the innermost service, no scope or slice. */
export function unitOf(cgroup: string): string | undefined {
  for (const line of cgroup.split('\n').toReversed()) {
    const parts = line.slice(line.lastIndexOf(':') + 1).split('/')
    const unit = parts.findLast((part) => part.endsWith('.service'))
    // A user's own manager is a service that has services.
    if (unit !== undefined && !unit.startsWith('user@')) return unescapeUnit(unit)
  }
  return undefined
}

/** systemd writes what may not stand in a name as \x2d. */
function unescapeUnit(unit: string): string {
  return unit.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const secretName = /(pass(word|wd|phrase)?|secret|token|credential|api[-_]?key|access[-_]?key|auth)/i

/** A command line that may be shown: one line, bounded, and whatever looks like a secret masked. */
export function shownCommand(args: readonly string[]): string {
  const shown: string[] = []
  let secretNext = false
  for (const arg of args) {
    const [name = '', ...value] = arg.split('=')
    if (secretNext && !arg.startsWith('-')) shown.push('***')
    else if (value.length > 0 && secretName.test(name)) shown.push(`${name}=***`)
    else shown.push(arg.replace(/(\/\/[^/:@\s]*):[^/@\s]+@/g, '$1:***@'))
    secretNext = value.length === 0 && /^-/.test(arg) && secretName.test(arg)
  }
  const line = shown
    .join(' ')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return line.length > mostCommand ? `${line.slice(0, mostCommand - 3).toWellFormed()}...` : line.toWellFormed()
}
