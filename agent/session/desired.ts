import type { Desired, PlaneMessage } from '#shared/protocol/messages.ts'

export const nothingDesired: Desired = { admissions: {}, gateways: {}, probes: {} }

/** What the plane wants now. A whole message replaces everything; another one replaces the keys that it names. */
export function nextDesired(known: Desired, { whole, desired }: Extract<PlaneMessage, { type: 'desired' }>): Desired {
  return { ...(whole ? nothingDesired : known), ...withoutUndefined(desired) }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
