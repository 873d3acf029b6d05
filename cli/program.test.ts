import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import t from 'tap'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { projectFolder } from '#test/support/parts.ts'
import { exitCodes } from './exit-codes.ts'
import { createProgram, run } from './program.ts'

const page = await readFile(join(projectFolder, 'docs/cli.md'), 'utf8')
const sections = new Map(page.split('\n### ').map((section) => [section.slice(0, section.indexOf('\n')), section]))

const program = createProgram(capturedTerminal().terminal, () => {
  throw new Error('no command is run here')
})

/** The commands that do something, with their whole names. */
function leaves(command: Command, name: string): readonly { readonly name: string; readonly command: Command }[] {
  if (command.commands.length === 0) return [{ name, command }]
  return command.commands.flatMap((inner) => leaves(inner, `${name} ${inner.name()}`))
}

async function heddle(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

for (const { name, command } of leaves(program, 'heddle')) {
  t.test(`${name} --help says what it takes, with an example`, async (t) => {
    const { code, out } = await heddle(...name.split(' ').slice(1), '--help')
    t.equal(code, 0)
    t.match(out, new RegExp(`Examples?:\n  .*${name} ?`))
    t.match(out, /Global Options:(.|\n)*--plane <url>(.|\n)*--timeout <duration>/)
  })

  t.test(`docs/cli.md tells every option of ${name}`, async (t) => {
    const section = sections.get(name.split(' ').slice(0, 2).join(' ')) ?? ''
    t.not(section, '', 'has a section')
    for (const option of command.options) t.ok(section.includes(`\`${option.flags}\``), option.flags)
    for (const argument of command.registeredArguments) t.ok(section.includes(`<${argument.name()}>`), argument.name())
  })
}

t.test('docs/cli.md tells every global option and every exit code', async (t) => {
  for (const option of program.options) {
    const flags = option.flags.replace(/^-\w, /, '')
    t.ok(page.includes(`\`${flags}\``), flags)
  }
  const told = [...page.matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap(([, codes = '']) => codes.split(', ').map(Number))
  t.strictSame(told, Object.values(exitCodes))
})

t.test('what is no command line ends with 2, on standard error', async (t) => {
  for (const args of [[], ['nothing'], ['status', '--nothing'], ['explain'], ['deletions']]) {
    t.match(await heddle(...args), { code: 2, out: '', err: /./ }, args.join(' '))
  }
})

t.test("the version is the package's", async (t) => {
  const { version } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
  t.strictSame(await heddle('--version'), { code: 0, out: `${version}\n`, err: '' })
})
