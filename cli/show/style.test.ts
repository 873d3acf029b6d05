import t from 'tap'
import { coloured, plain, wantsColour } from './style.ts'

for (const { name, terminal, environment, asked, colours } of [
  { name: 'a terminal', terminal: true, environment: {}, asked: true, colours: true },
  { name: 'a pipe', terminal: false, environment: {}, asked: true, colours: false },
  { name: 'a terminal with NO_COLOR', terminal: true, environment: { NO_COLOR: '1' }, asked: true, colours: false },
  {
    name: 'a terminal with an empty NO_COLOR',
    terminal: true,
    environment: { NO_COLOR: '' },
    asked: true,
    colours: true,
  },
  { name: 'a terminal with --no-color', terminal: true, environment: {}, asked: false, colours: false },
  { name: 'a dumb terminal', terminal: true, environment: { TERM: 'dumb' }, asked: true, colours: false },
]) {
  t.test(`${name} gets ${colours ? '' : 'no '}colours`, async (t) => {
    t.equal(wantsColour(terminal, environment, asked), colours)
  })
}

t.test('painting is plain or as terminals understand it', async (t) => {
  t.equal(plain('x', 'bad'), 'x')
  t.equal(coloured('x', 'bad'), '\u001b[31mx\u001b[39m')
})
