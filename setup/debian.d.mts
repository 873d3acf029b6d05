export function unpackPackage(path: string, into: string): Promise<void>
export function downloadDebian(
  packages: readonly string[],
  how: { readonly suite: string; readonly into: string; readonly security?: boolean },
): Promise<readonly string[]>
