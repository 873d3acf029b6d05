import { chmod, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'

t.setTimeout(170_000)

const configured = '# Mine\nnode: { site: "default" } # stays\n\n# planes: [https://plane.example:8888]\n'

/** A host that is to be enrolled: a configuration, and a copy of a plane's token. */
async function aHost(plane: TlsPlane): Promise<Folder & { readonly config: string; readonly token: string }> {
  const folder = await temporaryFolder('enroll')
  const config = join(folder.path, 'agent.yaml')
  const token = join(folder.path, 'token')
  await writeFile(config, `${configured}state_dir: ${join(folder.path, 'state')}\n`)
  await copyFile(plane.tokenFile, token)
  await chmod(token, 0o600)
  return { ...folder, config, token }
}

async function enroll(...args: readonly string[]) {
  const program = [join(projectFolder, 'agent/main.ts'), 'enroll', ...args]
  await using process_ = await spawnProcess(process.execPath, program, { name: 'enroll' })
  const { code } = await process_.exited
  return { code, output: process_.output }
}

await t.test('heddle-agent enroll', async (t) => {
  await using plane = await TlsPlane.start()
  await using other = await TlsPlane.start()

  await t.test('gets a certificate, names the plane, and changes nothing a second time', async (t) => {
    await using host = await aHost(plane)
    const args = [plane.url, '--token-file', host.token, '--config', host.config]
    const { code, output } = await enroll(...args)
    t.equal(code, 0, output)
    t.match(output, /n-\w+ is enrolled with https:/)
    t.match(output, /Next: systemctl restart heddle-agent/)
    const text = await readFile(host.config, 'utf8')
    t.equal(text.replace(`planes: [${plane.url}]\n`, ''), `${configured}state_dir: ${join(host.path, 'state')}\n`)
    const key = join(host.path, 'state/identity/key.pem')
    t.equal((await stat(key)).mode & 0o777, 0o600)
    const certificate = await readFile(join(host.path, 'state/identity/certificate.pem'), 'utf8')
    const again = await enroll(...args)
    t.equal(again.code, 0, again.output)
    t.match(again.output, /is enrolled already/)
    t.equal(await readFile(host.config, 'utf8'), text)
    t.equal(await readFile(join(host.path, 'state/identity/certificate.pem'), 'utf8'), certificate)
    const moved = await enroll(other.url, '--token-file', other.tokenFile, '--config', host.config)
    t.equal(moved.code, 1)
    t.match(moved.output, /ENROLMENT_ELSEWHERE/)
  })

  await t.test('takes the token from another program, and never as an argument', async (t) => {
    await using host = await aHost(plane)
    const program = `exec ${process.execPath} ${join(projectFolder, 'agent/main.ts')} enroll ${plane.url} --token-file - --config ${host.config} < ${host.token}`
    await using shell = await spawnProcess('bash', ['-c', program], { name: 'enroll' })
    t.equal((await shell.exited).code, 0, shell.output)
    const secret = (await readFile(host.token, 'utf8')).trim()
    const wrong = await enroll(plane.url, '--token-file', secret, '--config', host.config)
    t.equal(wrong.code, 3)
    t.notMatch(wrong.output, secret.split('.')[2])
  })

  await t.test('reads no further than a token may be long', async (t) => {
    await using host = await aHost(plane)
    const program = `yes token | ${process.execPath} ${join(projectFolder, 'agent/main.ts')} enroll ${plane.url} --token-file - --config ${host.config}`
    await using shell = await spawnProcess('bash', ['-c', program], { name: 'enroll' })
    t.equal((await shell.exited).code, 1)
    t.match(shell.output, /ENROLMENT_TOKEN_UNREADABLE/)
  })

  await t.test('gives the token to nobody but its own authority', async (t) => {
    await using host = await aHost(plane)
    const { code, output } = await enroll(other.url, '--token-file', host.token, '--config', host.config)
    t.equal(code, 1)
    t.match(output, /PLANE_UNPROVEN/)
    t.notMatch(await readFile(host.config, 'utf8'), /^planes/m)
  })

  for (const { what, make, said } of [
    { what: 'a file with something else', make: () => 'password: hunter2\n', said: /ENROLMENT_TOKEN_UNREADABLE/ },
    {
      what: 'a token that this plane never made',
      make: (text: string) => text.replace(/^(hdl1\.)\w{10}/, '$1aaaaaaaaaa'),
      said: /ENROLMENT_REFUSED/,
    },
  ]) {
    await t.test(`says what is wrong with ${what}`, async (t) => {
      await using host = await aHost(plane)
      await writeFile(host.token, make(await readFile(host.token, 'utf8')))
      const { code, output } = await enroll(plane.url, '--token-file', host.token, '--config', host.config)
      t.equal(code, 1)
      t.match(output, said)
      t.notMatch(output, /hunter2/)
      t.notMatch(await readFile(host.config, 'utf8'), /^planes/m)
    })
  }

  await t.test(
    'says which token every user can read, which plane is away, and which file it cannot read',
    async (t) => {
      await using host = await aHost(plane)
      const away = `https://127.0.0.1:${await freePort()}`
      const unreachable = await enroll(away, '--token-file', host.token, '--config', host.config)
      t.equal(unreachable.code, 1)
      t.match(unreachable.output, /ECONNREFUSED[\s\S]*PLANE_UNREACHABLE/)
      await chmod(host.token, 0o644)
      t.match((await enroll(plane.url, '--token-file', host.token, '--config', host.config)).output, /SECRET_FILE/)
      t.match(
        (await enroll(plane.url, '--token-file', host.token, '--config', '/nowhere.yaml')).output,
        /CONFIG_UNREADABLE/,
      )
    },
  )

  await t.test('a node that is known with another key waits until somebody approves it', async (t) => {
    await using host = await aHost(plane)
    const args = [plane.url, '--token-file', host.token, '--config', host.config]
    t.equal((await enroll(...args)).code, 0)
    const identity = join(host.path, 'state/identity')
    await rm(identity, { recursive: true })
    await mkdir(identity, { mode: 0o700 })
    const waits = await enroll(...args)
    t.equal(waits.code, 4, waits.output)
    const node = /heddle identity approve (n-\w+)/.exec(waits.output)?.[1] ?? ''
    const shown = await plane.get<{ readonly next?: { readonly key: string } }>(`/v1/identities/${node}`)
    t.ok(shown, JSON.stringify(shown))
    const heddle = [
      join(projectFolder, 'cli/heddle.ts'),
      '--plane',
      plane.url,
      '--ca',
      join(plane.folder, 'heddle-ca.pem'),
    ]
    await using approve = await spawnProcess(process.execPath, [...heddle, 'identity', 'approve', node], {
      name: 'heddle',
    })
    t.equal((await approve.exited).code, 0, approve.output)
    const done = await enroll(...args)
    t.equal(done.code, 0, done.output)
  })
})
