import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { addTakingOut } from './taking-out.ts'

export function addDrain(program: Command, open: OpenSession): void {
  addTakingOut(program, open, {
    name: 'drain',
    admission: 'draining',
    description: 'takes an instance, or a node with all that comes to it, out of routing, without ending what runs',
    examples: [
      "heddle drain crm-1a2b3c4d --reason 'new version' --wait",
      "heddle drain web-3 --reason 'new disk' --for 2h --as anna",
    ],
  })
}
