import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { addTakingOut } from './taking-out.ts'

export function addMaintenance(program: Command, open: OpenSession): void {
  addTakingOut(program, open, {
    name: 'maintenance',
    admission: 'maintenance',
    description: 'takes an instance, or a node with all that comes to it, out of routing for work on it',
    examples: [
      "heddle maintenance crm-1a2b3c4d --reason 'schema change' --for 30m",
      "heddle maintenance web-3 --reason 'kernel update' --wait",
    ],
  })
}
