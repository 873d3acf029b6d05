import { glob, lstat, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import type { Remark } from '../statement.ts'
import { type Directive, parseNginx } from './parse.ts'

/** A configuration with everything that it includes. */
export type NginxTree = {
  readonly directives: readonly Directive[]
  /** What cannot be read as a configuration. */
  readonly problems: readonly Remark[]
  /** Includes that lead out of the folder or to nothing. */
  readonly notes: readonly Remark[]
}

/** Files that hold no routing and are included everywhere. */
const tables = /(?:^|\/)(?:mime\.types|fastcgi_params|fastcgi\.conf|uwsgi_params|scgi_params|koi-\w+|win-utf)$/
const mostDepth = 10

/**
 * The configuration in a folder: its `nginx.conf` with all that it includes, or, without one, all its `.conf` files as if an http block
 * included them. Includes are looked for in the folder: `/etc/nginx/x` is `x` there, and nothing outside is read. Throws
 * CONFIG_UNREADABLE where there is nothing to read.
 */
export async function readNginxFolder(path: string): Promise<NginxTree> {
  const stats = await lstat(path).catch((cause: unknown) => {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${path}`, { cause })
  })
  const folder = resolve(stats.isDirectory() ? path : dirname(path))
  const main = stats.isDirectory() ? 'nginx.conf' : basename(path)
  const reader = new Reader(folder)
  const whole = await reader.file(main, 0)
  if (whole !== undefined) return { directives: whole, problems: reader.problems, notes: reader.notes }
  const files = await matching(folder, '**/*.conf')
  if (files.length === 0) throw new Failure('CONFIG_UNREADABLE', `${path} has no nginx.conf and no other .conf files`)
  const parts: Directive[] = []
  for (const file of files) parts.push(...((await reader.file(file, 0)) ?? []))
  const http = { name: 'http', args: [], block: parts, file: files[0] ?? '', line: 1 }
  const own = parts.some(({ name }) => name === 'http')
  return { directives: own ? parts : [http], problems: reader.problems, notes: reader.notes }
}

class Reader {
  readonly #folder: string
  readonly problems: Remark[] = []
  readonly notes: Remark[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Undefined: there is no such file. @param file relative to the folder */
  async file(file: string, depth: number): Promise<readonly Directive[] | undefined> {
    const text = await readFile(join(this.#folder, file), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const { directives, problems } = parseNginx(text, file)
    this.problems.push(...problems)
    return this.#included(directives, depth)
  }

  async #included(directives: readonly Directive[], depth: number): Promise<readonly Directive[]> {
    const all: Directive[] = []
    for (const directive of directives) {
      if (directive.name === 'include') all.push(...(await this.#include(directive, depth)))
      else if (directive.block === undefined) all.push(directive)
      else all.push({ ...directive, block: await this.#included(directive.block, depth) })
    }
    return all
  }

  async #include({ args: [pattern = ''], file, line }: Directive, depth: number): Promise<readonly Directive[]> {
    if (tables.test(pattern)) return []
    const note = (message: string) => this.notes.push({ source: { file, line, key: `include ${pattern}` }, message })
    if (depth >= mostDepth) {
      note('not read: files include each other without an end')
      return []
    }
    const inside = pattern.replace(/^\/(?:usr\/local\/)?etc\/nginx\//, '')
    const wanted = relative(this.#folder, resolve(this.#folder, inside))
    if (wanted === '..' || wanted.startsWith(`..${sep}`)) {
      note('not read: it is outside of the folder that is imported')
      return []
    }
    const found = /[*?[]/.test(wanted) ? await matching(this.#folder, wanted) : [wanted]
    const all: Directive[] = []
    for (const name of found) {
      const read = await this.file(name, depth + 1)
      if (read === undefined) note('not read: there is no such file in the folder')
      else all.push(...read)
    }
    return all
  }
}

async function matching(folder: string, pattern: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const entry of glob(pattern, { cwd: folder })) names.push(entry)
  return names.sort()
}
