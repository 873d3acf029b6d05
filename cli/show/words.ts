import type { InstanceView, NodeView } from '#shared/protocol/api.ts'
import type { SinkView } from '#shared/protocol/status-api.ts'
import type { Colour } from './style.ts'
import type { Cell } from './table.ts'

const healthColours = { passing: 'good', warning: 'doubtful', critical: 'bad', unknown: 'faint' } as const
const contactColours = { connected: 'good', suspect: 'doubtful', lost: 'bad', none: 'faint' } as const
const routableColours = { yes: 'good', last: 'doubtful', no: 'bad' } as const
const stateColours = {
  following: 'good',
  behind: 'doubtful',
  blocked: 'bad',
  frozen: 'doubtful',
  standby: 'faint',
} as const

/** The words of the fleet's axes, each with the colour it has everywhere. */
export function healthCell(health: InstanceView['health']): Cell {
  return { text: health, colour: healthColours[health] }
}

export function contactCell(contact: NodeView['contact']): Cell {
  return { text: contact === 'none' ? '-' : contact, colour: contactColours[contact] }
}

export function routableCell(routable: InstanceView['routable']): Cell {
  return { text: routable, colour: routableColours[routable] }
}

export function admissionCell(state: InstanceView['admission']['state']): Cell {
  return { text: state, colour: state === 'active' ? undefined : 'doubtful' }
}

export function sinkStateCell(state: SinkView['state']): Cell {
  return { text: state, colour: stateColours[state] }
}

/** A number that should be nought, in its colour when it is not. */
export function faultCell(number: number, colour: Colour): Cell {
  return { text: String(number), colour: number === 0 ? 'faint' : colour }
}
