/** Does `work` for each item, at most `lanes` at once. The first failure is told when all that is under way has ended. */
export async function inLanes<T>(items: Iterable<T>, lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const coming = items[Symbol.iterator]()
  let failed = false
  const lane = async () => {
    for (let next = coming.next(); !next.done && !failed; next = coming.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) throw failure.reason
}
