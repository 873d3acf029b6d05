import { parseArgs } from 'node:util'
import { argumentsError } from '#shared/config/arguments.ts'

/** Where the packages put it. */
export const installedConfig = '/etc/heddle/agent.yaml'

export type EnrollRequest = {
  readonly plane: string
  /** A path, or `-` for what is piped in. */
  readonly tokenFile: string
  readonly config: string
  readonly wait: boolean
}

export type EnrollArguments =
  | { readonly kind: 'asked'; readonly request: EnrollRequest }
  | { readonly kind: 'help' }
  /** `why` repeats no token that somebody wrote where it does not belong. */
  | { readonly kind: 'wrong'; readonly why: string }

const options = {
  'token-file': { type: 'string' },
  config: { type: 'string' },
  wait: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export function readEnrollArguments(args: readonly string[]): EnrollArguments {
  if (args.some((arg) => arg.includes('hdl1.'))) {
    return wrong('the token comes by a file, or by - from another program: every user of the machine reads arguments')
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    if (values.help) return { kind: 'help' }
    const [plane, ...more] = positionals
    if (plane === undefined || more.length > 0) return wrong('expected the address of one plane')
    if (!isPlane(plane)) return wrong(`expected an address such as https://plane.example:8888, got ${plane}`)
    const tokenFile = values['token-file']
    if (tokenFile === undefined) return wrong('expected --token-file <file>')
    const { config = installedConfig, wait = false } = values
    return { kind: 'asked', request: { plane: new URL(plane).origin, tokenFile, config, wait } }
  } catch (error) {
    return wrong(argumentsError(error))
  }
}

/** Without TLS there is nobody to be enrolled with: such a plane hears everybody. */
function isPlane(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return protocol === 'https:' && pathname === '/' && search === '' && hash === '' && username === ''
}

function wrong(why: string): EnrollArguments {
  return { kind: 'wrong', why }
}
