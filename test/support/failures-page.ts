import { join } from 'node:path'
import type { CatalogueEntry } from '#shared/failure/catalogue.ts'
import { projectFolder } from './parts.ts'

export const failuresPagePath = join(projectFolder, 'docs/failures.md')

/** docs/failures.md: every failure that Heddle can name, with its remedy. */
export function failuresPage(catalogue: Readonly<Record<string, CatalogueEntry>>): string {
  const entries = Object.entries(catalogue).map(([code, { title, remedy }]) => `## ${code}\n\n${title}\n\n${remedy}\n`)
  return `# Failures

Every failure that Heddle names by a code: in its logs (\`err.code\`), in problem answers of its API (\`code\`) and at the
end of what a command prints. Each is followed by what to do about it in general; the message itself says what failed, why,
and often a more precise remedy.

Written from \`shared/failure/catalogue.ts\` by \`node test/support/write-failures-page.ts\`.

${entries.join('\n')}`
}
