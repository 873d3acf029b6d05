/** Resolves when `stop` is signalled. After `until` it never does, and has left nothing behind. */
export function asked(stop: AbortSignal, until: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(undefined)
    else stop.addEventListener('abort', () => resolve(undefined), { once: true, signal: until })
  })
}
