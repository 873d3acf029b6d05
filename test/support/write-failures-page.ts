/** Writes docs/failures.md from the catalogue: node test/support/write-failures-page.ts */
import { writeFile } from 'node:fs/promises'
import { catalogue } from '#shared/failure/catalogue.ts'
import { failuresPage, failuresPagePath } from './failures-page.ts'

await writeFile(failuresPagePath, failuresPage(catalogue))
