import { join } from 'node:path'
import { declarationSchema } from '#control-plane/routing/declaration/json-schema.ts'
import { declarationReference } from '#control-plane/routing/declaration/reference.ts'
import { projectFolder } from './parts.ts'

/** The pages of docs that are made from the schema of declarations: path and content. */
export function declarationPages(): readonly { readonly path: string; readonly content: string }[] {
  const schema = declarationSchema()
  return [
    { path: join(projectFolder, 'docs/declaration.schema.json'), content: `${JSON.stringify(schema, null, 2)}\n` },
    { path: join(projectFolder, 'docs/declaration.md'), content: declarationReference(schema) },
  ]
}
