/** Writes docs/declaration.md and docs/declaration.schema.json anew: `node test/support/write-declaration-pages.ts` */
import { writeFile } from 'node:fs/promises'
import { declarationPages } from './declaration-pages.ts'

for (const { path, content } of declarationPages()) await writeFile(path, content)
