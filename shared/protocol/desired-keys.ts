import { Desired } from './messages.ts'

/** The keys of the desired state that this version knows. */
export const desiredKeys: readonly string[] = Object.keys(Desired.shape)
/** What an agent takes that does not say so. */
export const firstTaken: readonly string[] = ['admissions', 'gateways', 'probes', 'discoveries']
