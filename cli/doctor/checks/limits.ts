import { readFile } from 'node:fs/promises'
import type { Check } from '../check.ts'
import type { Finding } from '../finding.ts'
import { filesFinding, kernelFindings, openFilesIn } from '../judge/limits.ts'
import { namesFile, type Running, readRunning } from '../running.ts'

/** Where nobody can tell how many there are. */
const usualAgents = 100

/** How many files programs may open, and what of the kernel many connections run into. */
export const limits: Check = {
  name: 'limits',
  async examine({ patients, plane, answerWithinMs }) {
    const runs = await readRunning()
    const hasPlane = patients.some(({ kind }) => kind === 'plane') || runs.some(({ kind }) => kind === 'plane')
    const agents = hasPlane ? await agentsOf(() => plane.status(answerWithinMs)) : 0
    const found: Finding[] = []
    const own = openFilesIn(await readFile('/proc/self/limits', 'utf8').catch(() => ''))
    for (const kind of ['plane', 'agent'] as const) {
      const isPlane = kind === 'plane'
      const lowest = await lowestOf(runs.filter((one) => one.kind === kind))
      if (lowest !== undefined)
        found.push(filesFinding(`the ${kind} (pid ${lowest.pid})`, lowest.limit, { agents, isPlane }))
      const meant = patients.filter((patient) => patient.kind === kind)
      const runsAll = meant.every(({ file }) => runs.some(({ args }) => args.some((arg) => namesFile(arg, file))))
      if (!runsAll && own !== undefined) {
        found.push(filesFinding(`a ${kind} that is started from this shell`, own, { agents, isPlane }))
      }
    }
    return [...found, ...kernelFindings(await readKernel(), agents)]
  },
}

/** Of programs of one kind the one that may open the fewest files. */
async function lowestOf(
  runs: readonly Running[],
): Promise<{ readonly pid: number; readonly limit: number } | undefined> {
  const limits = await Promise.all(
    runs.map(async ({ pid }) => {
      const limit = openFilesIn(await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => ''))
      return limit === undefined ? [] : [{ pid, limit }]
    }),
  )
  return limits.flat().sort((a, b) => a.limit - b.limit)[0]
}

async function agentsOf(status: () => Promise<{ readonly nodes: { readonly total: number } }>): Promise<number> {
  return status().then(
    ({ nodes }) => Math.max(usualAgents, nodes.total),
    () => usualAgents,
  )
}

async function readKernel() {
  const [somaxconn, range, count, most] = await Promise.all(
    ['core/somaxconn', 'ipv4/ip_local_port_range', 'netfilter/nf_conntrack_count', 'netfilter/nf_conntrack_max'].map(
      async (name) => {
        const text = await readFile(`/proc/sys/net/${name}`, 'utf8').catch(() => undefined)
        return text?.trim().split(/\s+/).map(Number)
      },
    ),
  )
  const [from, to] = range ?? []
  return {
    somaxconn: somaxconn?.[0],
    portRange: from === undefined || to === undefined ? undefined : ([from, to] as const),
    conntrack: count?.[0] === undefined || most?.[0] === undefined ? undefined : { count: count[0], most: most[0] },
  }
}
