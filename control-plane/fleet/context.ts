/** What the reducers need of an event besides the change. */
export type Context = { readonly at: number; readonly by: string; readonly revision: number }
