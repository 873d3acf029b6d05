import type { Death } from '../../../fleet/belief.ts'
import type { Surroundings } from '../contact/surroundings.ts'
import type { LineKind } from './patience.ts'
import { type Finding, isPlane, planeId, type Vantage } from './vantage.ts'

export type Answer = { readonly vantage: Vantage; readonly finding: Finding }

/** What is known of the place of an instance that may be dead. */
export type Home = Surroundings & {
  readonly machine: string
  readonly site: string
  /** Its node is suspect or lost; false: one beat of it is missing. */
  readonly suspect: boolean
  /** A hold ended and left it at the lowest priority. */
  readonly demoted: boolean
  /** The plane that judges hears an agent of another node itself, and not only by another plane. */
  readonly heard: boolean
}

/** One time of asking the vantages of an instance. */
export type Look = {
  /** Of vantages that saw this instance pass lately. */
  readonly answers: readonly Answer[]
  /** Vantages that may still answer. */
  readonly waiting: number
  /** It began while its node was still in contact. */
  readonly early: boolean
  /** Why silence proves nothing in it: at some moment of it the site was held, or others of it may have been cut off, too. */
  readonly shaky: Shaky | undefined
  /** Looks just before this one in which all vantages were silent. */
  readonly silentBefore: number
  /** Agents saw it lately, and none of them can be heard now. */
  readonly agentsAbsent: boolean
  /** Whether silence may be that of a slow line. */
  readonly line: LineKind
}

export type Shaky = 'site_held' | 'in_doubt'

/** Why a death is neither confirmed nor refuted. */
export type OpenCause =
  /** Answers are awaited, or it is looked at once more. */
  | 'asking'
  /** Nobody saw it pass lately, or none of those can be asked. */
  | 'unseen'
  /** A vantage said nothing, or what says neither: one that was silenced itself has no word. Or the line is too slow for the check. */
  | 'unclear'
  | Shaky
  /** It was out of contact when a hold ended. */
  | 'after_hold'
  /** Nobody at its site vouches for the network, or nobody for that of the plane that looks alone. */
  | 'not_vouched'

export type Judgement =
  | { readonly kind: 'dead'; readonly death: Omit<Death, 'at'> }
  | { readonly kind: 'alive'; readonly vantages: readonly string[] }
  | { readonly kind: 'open'; readonly cause: OpenCause }

/**
 * Whether what the vantages found confirms a death, and how. Refusals of the plane or of two machines do at once, unless somebody saw
 * it pass in the same look. Silence has to be told from a broken network, which also swallows probes: all that were asked must have
 * found it, in look after look, and somebody must vouch for the network.
 */
export function judgeDeath(look: Look, home: Home): Judgement {
  const { answers, waiting, early, shaky } = look
  const passed = answers.filter(({ finding }) => finding === 'passed')
  if (passed.length > 0) return { kind: 'alive', vantages: names(passed) }
  const refused = answers.filter(({ finding }) => finding === 'refused')
  const ofPlane = refused.some(({ vantage }) => isPlane(vantage.id))
  // One agent's word is not enough: a firewall may refuse. What was found before it was suspect may have changed.
  if (home.suspect && !early && (ofPlane || machinesOf(refused, home) >= 2)) {
    return { kind: 'dead', death: { how: 'refused', vantages: names(refused) } }
  }
  if (waiting > 0) return open('asking')
  if (answers.length === 0) return open('unseen')
  if (!isSilence(look) || look.line === 'slow') return open('unclear')
  // What the plane alone does not see may be the very line by which it does not hear the agent.
  if (look.agentsAbsent) return open('unseen')
  if (shaky) return open(shaky)
  if (home.demoted) return open('after_hold')
  if (!isVouched(answers, home)) return open('not_vouched')
  if (look.silentBefore + 1 < looksNeeded(answers) || !home.suspect || look.line !== 'good') return open('asking')
  return { kind: 'dead', death: { how: 'timeout', vantages: names(answers) } }
}

/** Whether all that were asked have answered that it is silent. */
export function isSilence({ answers, waiting }: Pick<Look, 'answers' | 'waiting'>): boolean {
  // A refusal is no answer of the instance.
  return (
    waiting === 0 &&
    answers.length > 0 &&
    answers.every(({ finding }) => finding === 'refused' || finding === 'no-answer')
  )
}

/** In so many looks, one after the other, all vantages must be silent: on a line that loses a third of all packets one look often is. */
export function looksNeeded(answers: readonly Answer[]): number {
  return answers.length >= 2 ? 2 : 3
}

/**
 * Whether silence can be told from a broken network: by a neighbour that is in contact, or, where there is none, by another site's view. A
 * neighbour of which only another plane hears says nothing about the network of the plane that judges, if nobody else has looked.
 */
function isVouched(answers: readonly Answer[], { site, vouched, alone, heard }: Home): boolean {
  if (!heard && answers.every(({ vantage }) => vantage.id === planeId)) return false
  return vouched || (alone && answers.some(({ vantage }) => !isPlane(vantage.id) && vantage.site !== site))
}

function open(cause: OpenCause): Judgement {
  return { kind: 'open', cause }
}

function machinesOf(answers: readonly Answer[], home: Home): number {
  return new Set(answers.map(({ vantage }) => vantage.machine).filter((machine) => machine !== home.machine)).size
}

function names(answers: readonly Answer[]): readonly string[] {
  return answers.map(({ vantage }) => vantage.id).sort()
}
