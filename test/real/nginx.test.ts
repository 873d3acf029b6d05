import t from 'tap'
import { nginxConfiguration, startNginx, validateNginx } from '#test/support/nginx.ts'
import { portOwner } from '#test/support/port-owner.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'

const answering = (port: number, text: string) =>
  nginxConfiguration(`server { listen 127.0.0.1:${port}; location / { return 200 "${text}"; } }`)

await t.test('an Nginx answers, reloads, restarts, and leaves nothing running', async (t) => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const text = async () => (await fetch(url)).text()
  {
    await using nginx = await startNginx({ conf: answering(port, 'one') })
    t.equal(await text(), 'one')
    await nginx.reload({ 'nginx.conf': answering(port, 'two') })
    await waitFor(text, { what: 'the new answer', withinMs: 20_000, until: (seen) => seen === 'two' })
    await nginx.kill()
    t.equal(await portOwner(port), undefined)
    await nginx.start()
    t.equal(await text(), 'two')
  }
  t.equal(await portOwner(port), undefined)
})

await t.test('validation accepts what would start and says what is wrong with the rest', async (t) => {
  t.match(await validateNginx({ conf: answering(8080, 'x') }), { accepted: true })
  t.match(await validateNginx({ conf: nginxConfiguration('nonsense on;') }), { accepted: false, output: /nonsense/ })
})

await t.test('a configuration that Nginx refuses fails the start with its reason', async (t) => {
  await t.rejects(startNginx({ conf: nginxConfiguration('nonsense on;') }), /unknown directive "nonsense"/)
})
