import type { Condition, Match, PathMatch } from '../table.ts'
import { hostFits } from './request-match.ts'

/** Whether a request can be thought of that both routes take. */
export function overlap(a: Match, b: Match): boolean {
  return (
    pathsMeet(a.path, b.path) &&
    anyMeet(a.hosts, b.hosts, hostsMeet) &&
    anyMeet(a.clients, b.clients, (one, other) => one === other) &&
    anyMeet(a.methods, b.methods, (one, other) => one === other) &&
    conditionsMeet(a.headers, b.headers) &&
    conditionsMeet(a.query, b.query)
  )
}

function pathsMeet(a: PathMatch, b: PathMatch): boolean {
  const [ofA, ofB] = [partsOf(a.path), partsOf(b.path)]
  // A prefix takes what is longer than itself, and the others do not.
  if (a.kind !== 'prefix' && ofA.length < ofB.length) return false
  if (b.kind !== 'prefix' && ofB.length < ofA.length) return false
  const both = Math.min(ofA.length, ofB.length)
  return ofA.slice(0, both).every((part, at) => {
    const other = ofB[at] ?? ''
    return part === other || isNamed(a, part) || isNamed(b, other)
  })
}

function partsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/')
}

function isNamed({ kind }: PathMatch, part: string): boolean {
  return kind === 'template' && part.startsWith('{')
}

/** Empty: any. */
function anyMeet(a: readonly string[], b: readonly string[], meet: (one: string, other: string) => boolean): boolean {
  return a.length === 0 || b.length === 0 || a.some((one) => b.some((other) => meet(one, other)))
}

function hostsMeet(a: string, b: string): boolean {
  // Of two patterns one may be for names below the other's.
  return a === b || hostFits(a, b) || hostFits(b, a)
}

function conditionsMeet(a: readonly Condition[], b: readonly Condition[]): boolean {
  return a.every((one) => b.every((other) => one.name !== other.name || agree(one, other)))
}

function agree(a: Condition, b: Condition): boolean {
  if ('is' in a && 'is' in b) return a.is === b.is
  return ('is' in a || a.present) === ('is' in b || b.present)
}
