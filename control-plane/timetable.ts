import { schedule } from 'node-cron'
import type { Logger } from '#shared/logging/logger.ts'

/** Something done regularly. All cadences of the plane stand in one table in main. */
export type Job = {
  readonly name: string
  /** Six fields, the first one seconds. */
  readonly when: string
  readonly run: () => Promise<void> | void
}

/** Runs each job by its own cadence until closed. A job that is still running is not started again; its failure is logged. */
export function startTimetable(jobs: readonly Job[], log: Logger): AsyncDisposable {
  const running = new Set<Promise<void>>()
  const tasks = jobs.map(({ name, when, run }) =>
    schedule(
      when,
      async () => {
        const turn = Promise.resolve()
          .then(run)
          .catch((error: unknown) => log.warn({ err: error, job: name }, 'a job of the timetable failed'))
        running.add(turn)
        await turn
        running.delete(turn)
      },
      { name, noOverlap: true },
    ),
  )
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(tasks.map((task) => task.destroy()))
      await Promise.all(running)
    },
  }
}
