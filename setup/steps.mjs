import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const partsFolder = join(root, '.parts')

/** What could not be made ready, why, and the command or act that gives it. */
export class SetupFailure extends Error {
  constructor(message, { why = '', remedy }) {
    super(message)
    this.why = why
    this.remedy = remedy
  }

  text() {
    const why = this.why.trim() === '' ? '' : `\n  ${this.why.trim().split('\n').join('\n  ')}`
    return `${this.message}${why}\n  Remedy: ${this.remedy}`
  }
}

export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

/** Shows one line for `work`: what is done while it is done, then how long it took. */
export async function step(title, work) {
  const started = performance.now()
  process.stdout.write(`${title} ... `)
  try {
    const result = await work()
    process.stdout.write(`${seconds(started)}\n`)
    return result
  } catch (error) {
    process.stdout.write(`failed after ${seconds(started)}\n`)
    throw error
  }
}

/**
 * Runs a program to its end without a shell. Never rejects: a program that cannot be started has code 127.
 * @returns {Promise<{code: number, output: string}>} both its outputs, as they came
 */
export function run(command, args, { env = process.env, cwd = root, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    // Node's own time-out for this goes on running where the program cannot be started.
    const timer = setTimeout(() => child.kill(), timeoutMs)
    const end = (code, output) => {
      clearTimeout(timer)
      resolve({ code, output })
    }
    const take = (text) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', (error) => end(127, error.message))
    child.on('close', (code, signal) => end(code ?? 1, signal ? `${output}\nended by ${signal}` : output))
  })
}

/** The last lines of a program's output, enough to tell why it failed. */
export function lastLines(output, count = 6) {
  return output.trim().split('\n').slice(-count).join('\n')
}

/** Gives `work` a new empty folder beside the parts (so that results can be renamed into place) and removes it afterwards. */
export async function inNewFolder(work) {
  await mkdir(partsFolder, { recursive: true })
  const folder = await mkdtemp(join(partsFolder, '.new-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
