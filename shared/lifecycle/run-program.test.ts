import t from 'tap'
import { Failure } from '../failure/failure.ts'
import { type Program, runProgram } from './run-program.ts'

/** What a program prints and answers, and what of it was called. */
async function told(args: readonly string[], more: Partial<Program> = {}) {
  const called: string[] = []
  const printed = { out: '', err: '' }
  const program: Program = {
    usage: 'Usage: it <file>\n',
    version: () => '1.2.3',
    run: async (file) => void called.push(`run ${file}`),
    check: async (file) => {
      called.push(`check ${file}`)
      return '  port  80  default\n'
    },
    commands: {
      look: async (rest) => {
        called.push(`look ${rest.join(' ')}`)
        return 7
      },
    },
    ...more,
  }
  const code = await runProgram(program, args, {
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
  })
  return { code, called, ...printed }
}

for (const { args, says } of [
  { args: ['it.yaml'], says: { code: 0, called: ['run it.yaml'], out: '', err: '' } },
  {
    args: ['--check', 'it.yaml'],
    says: { code: 0, called: ['check it.yaml'], out: 'it.yaml is valid\n  port  80  default\n', err: '' },
  },
  { args: ['look', '--far', 'x'], says: { code: 7, called: ['look --far x'], out: '', err: '' } },
  { args: ['run', 'look'], says: { code: 0, called: ['run look'], out: '', err: '' } },
  { args: ['--help'], says: { code: 0, called: [], out: 'Usage: it <file>\n', err: '' } },
  { args: ['--version'], says: { code: 0, called: [], out: '1.2.3\n', err: '' } },
  { args: [], says: { code: 2, called: [], out: '', err: 'No configuration file is named.\n\nUsage: it <file>\n' } },
]) {
  t.test(`"${args.join(' ')}" is done`, async (t) => t.strictSame(await told(args), says))
}

t.test('what fails is explained, with what to do about it', async (t) => {
  const run = async () => {
    throw new Failure('CONFIG_INVALID', 'it.yaml:3 port: required', { remedy: 'Correct it.yaml.' })
  }
  t.match(await told(['it.yaml'], { run }), {
    code: 1,
    err: 'it.yaml:3 port: required\nCONFIG_INVALID: Correct it.yaml.\n',
  })
  const look = async () => {
    throw new Error('outer', { cause: new Error('inner') })
  }
  t.match(await told(['look'], { commands: { look } }), { code: 1, out: '', err: 'outer: inner\n' })
})
