export const root: string
export const partsFolder: string
export function inNewFolder<T>(work: (folder: string) => Promise<T>): Promise<T>
