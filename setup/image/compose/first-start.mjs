// What the first start of compose.yaml makes, and each later one finds done. There is no shell in the image that could.
//   secrets <folder>                      the installation's secret and the database's password
//   operator <folder> <plane's folder>    an admin's token, and by whom the plane is known
//   enrolment <folder> <operator's>       tokens by which nodes come in
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [, , what, folder, from = ''] = process.argv
const works = { secrets, operator, enrolment }
if (!(what in works) || !folder) throw new Error('expected one of secrets, operator, enrolment, and a folder')
works[what]()

function secrets() {
  makeFile('heddle-secret', `${randomBytes(32).toString('base64url')}\n`, 0o400)
  // PostgreSQL's user reads it by its group.
  makeFile('postgresql-password', `${randomBytes(24).toString('base64url')}\n`, 0o440)
}

function operator() {
  const ca = join(folder, 'heddle-ca.pem')
  copyFileSync(join(from, 'heddle-ca.pem'), `${ca}.new`)
  renameSync(`${ca}.new`, ca)
  const token = ['token', 'create', 'operator', '--role', 'admin', '--reason', 'first start']
  once('token', { ca, token: join(from, 'heddle.db-first-token') }, token)
}

function enrolment() {
  const known = { ca: join(from, 'heddle-ca.pem'), token: join(from, 'token') }
  const token = ['identity', 'token', '--expires', '24h']
  once('servers', known, [...token, '--uses', '3', '--services', 'basic-server', '--instances', '10'])
  once('gateway', known, [...token, '--uses', '1', '--services', 'edge', '--gateways', 'edge'])
}

/** Has the command line write a secret to a file that is not there yet. */
function once(name, { ca, token }, args) {
  const file = join(folder, name)
  if (existsSync(file)) return say(file, 'is there')
  const known = ['--plane', 'https://plane:8888', '--ca', ca, '--token-file', token]
  // Left by a start that was broken off: whatever is in it was handed to nobody.
  rmSync(`${file}.new`, { force: true })
  const words = ['/usr/lib/heddle-cli/cli/heddle.mjs', ...known, ...args, '--out', `${file}.new`]
  execFileSync(process.execPath, words, { stdio: 'inherit' })
  renameSync(`${file}.new`, file)
  say(file, 'was made')
}

function makeFile(name, text, mode) {
  const file = join(folder, name)
  if (existsSync(file)) return say(file, 'is there')
  rmSync(`${file}.new`, { force: true })
  writeFileSync(`${file}.new`, text, { mode })
  renameSync(`${file}.new`, file)
  say(file, 'was made')
}

function say(file, word) {
  process.stdout.write(`${file} ${word}\n`)
}
