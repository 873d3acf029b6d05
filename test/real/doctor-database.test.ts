import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { PostgresqlServer, postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(90_000)

const programs = await postgresqlPrograms()

await t.test(
  'a database that is down, or does not let the plane in, is found',
  { skip: !programs && 'no PostgreSQL' },
  async (t) => {
    await using folder = await temporaryFolder('doctor')
    await using server = await PostgresqlServer.create(programs ?? '')
    const password_file = join(folder.path, 'password')
    await writeFile(password_file, 'wrong-geheim', { mode: 0o600 })
    const told = async (database = 'postgres') => {
      const postgresql = { host: '127.0.0.1', port: server.port, user: 'postgres', database, password_file }
      const config = { journal: { path: join(folder.path, 'heddle.db'), postgresql } }
      return diagnosed(folder.path, config, 'database')
    }
    t.match(ills(await told()), [/step connect, .*ECONNREFUSED.*Start what/])
    await server.start()
    const wrong = await told()
    t.match(ills(wrong), [/step authenticate, .*→ Put the password of postgres into password_file/])
    t.notMatch(JSON.stringify(wrong), /geheim/)
    await writeFile(password_file, await readFile(server.passwordFile, 'utf8'), { mode: 0o600 })
    t.strictSame(ills(await told()), [])
    t.match(ills(await told('nothing')), [/step authenticate, .*CREATE DATABASE nothing/])
    await server.query('create database nothing')
    t.strictSame(ills(await told('nothing')), [])
  },
)
