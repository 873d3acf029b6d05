import type { Leading } from './store.ts'

/** Of a plane that shares its store with nobody. */
export const alone: Leading = { leads: () => true, term: () => undefined }
