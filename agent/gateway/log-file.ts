import { stat, truncate } from 'node:fs/promises'

const mostLogBytes = 16 * 1024 * 1024

/** The size of a file in bytes; 0 where there is none. */
export async function sizeOf(file: string | undefined): Promise<number> {
  if (file === undefined) return 0
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

/** Whoever writes appends, so it goes on at the new end. */
export async function keepLogSmall(file: string | undefined): Promise<void> {
  if (file !== undefined && (await sizeOf(file)) > mostLogBytes) await truncate(file)
}
