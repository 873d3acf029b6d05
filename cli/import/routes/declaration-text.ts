import { Document, isMap, isScalar, isSeq, type YAMLMap } from 'yaml'
import type { Draft, Piece } from './draft.ts'

/** The declaration as a file for people: every piece with a comment that names where it comes from. */
export function declarationText(draft: Draft, comment: string): string {
  const values = (pieces: ReadonlyMap<string, Piece>) =>
    Object.fromEntries([...pieces].map(([name, { value }]) => [name, value]))
  const parts = {
    gateways: values(draft.gateways),
    authentication: values(draft.authentication),
    services: values(draft.services),
    routes: draft.routes.map(({ value }) => value),
  }
  const present = Object.entries(parts).filter(([, value]) => Object.keys(value).length > 0)
  const document = new Document(Object.fromEntries(present))
  document.commentBefore = ` ${oneLine(comment)}`
  for (const [key, pieces] of Object.entries({
    gateways: draft.gateways,
    authentication: draft.authentication,
    services: draft.services,
  })) {
    const map = document.get(key)
    if (!isMap(map)) continue
    for (const pair of map.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : ''
      const remarks = commentOf(pieces.get(name))
      if (isScalar(pair.key) && remarks !== undefined) pair.key.commentBefore = remarks
    }
  }
  const routes = document.get('routes')
  if (isSeq<YAMLMap>(routes)) {
    for (const [index, item] of routes.items.entries()) {
      const remarks = commentOf(draft.routes[index])
      if (remarks !== undefined) item.commentBefore = remarks
    }
  }
  return document.toString({ lineWidth: 0 })
}

function commentOf(piece: Piece | undefined): string | undefined {
  return piece && piece.comments.length > 0 ? piece.comments.map((line) => ` ${oneLine(line)}`).join('\n') : undefined
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
