import { join } from 'node:path'
import t from 'tap'
import { socketName } from '#control-plane/access/break-glass.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { readUnit, service } from '#test/support/units/unit-file.ts'
import { createProgram } from '../program.ts'

t.test("break-glass asks by default where the installed plane's unit has its run folder", async (t) => {
  const program = createProgram(capturedTerminal().terminal, () => {
    throw new Error('no command is run here')
  })
  const command = program.commands.find((each) => each.name() === 'break-glass')
  const folder = service(await readUnit('heddle-plane.service'), 'RuntimeDirectory')
  t.equal(
    command?.options.find(({ long }) => long === '--socket')?.defaultValue,
    join('/run', folder ?? '', socketName),
  )
})
