import { readdir, readFile, readlink } from 'node:fs/promises'
import { readStat, readTitle } from '../process.ts'
import { type Worker, workerState } from './workers.ts'

/** The processes that `master` started and that still are. */
export async function readWorkers(master: number): Promise<readonly Worker[]> {
  const found = await Promise.all((await childrenOf(master)).map((pid) => readWorker(pid)))
  return found.filter((worker) => worker !== undefined)
}

/** Whether `pid` is the master of an Nginx, and with what arguments; undefined: it is not. */
export async function readMasterTitle(pid: number): Promise<string | undefined> {
  const title = await readTitle(pid)
  return title?.startsWith('nginx: master process') ? title : undefined
}

/** The master's pid as the pid file has it; undefined where there is none, or where that process is no Nginx. */
export async function readMaster(pidFile: string): Promise<number | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '')
  const pid = Number(text.trim())
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  return (await readMasterTitle(pid)) === undefined ? undefined : pid
}

/** Workers of Nginx, of whatever master, whose working folder is this one. */
export async function findWorkersIn(folder: string): Promise<readonly number[]> {
  const all = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const found = await Promise.all(
    all.map(async (pid) => {
      if (!(await readTitle(pid))?.startsWith('nginx: worker process')) return undefined
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
      return place === folder ? pid : undefined
    }),
  )
  return found.filter((pid) => pid !== undefined)
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined)
  if (text !== undefined) return text.split(' ').filter(Boolean).map(Number)
  // Kernels without that file: look at every process.
  const all = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const parents = await Promise.all(
    all.map(async (child) => ((await readStat(child))?.parent === pid ? child : undefined)),
  )
  return parents.filter((child) => child !== undefined)
}

async function readWorker(pid: number): Promise<Worker | undefined> {
  const [stat, title] = await Promise.all([readStat(pid), readTitle(pid)])
  if (!stat || stat.state === 'Z') return undefined
  return { pid, startedAt: stat.startedAt, state: workerState(title ?? '') }
}
