import { createReadStream } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { type Command, Option } from 'commander'
import * as z from 'zod/mini'
import { AuditRowView } from '#shared/audit/api.ts'
import { SignedHead } from '#shared/audit/head.ts'
import { AuditVerifier, type Verified } from '#shared/audit/verify.ts'
import { Failure } from '#shared/failure/failure.ts'
import { countArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession, Session } from '../session.ts'
import { showAudit, showVerifiedAudit } from '../show/audit.ts'
import { examples } from './examples.ts'

const place = z.object({ seq: z.number(), hash: z.string() })
/** The first line of an export: where it begins, and where the audit stood. */
const ExportHead = z.object({ export: z.literal('heddle-audit-1'), at: z.string(), dropped: place, head: place })
type ExportHead = z.output<typeof ExportHead>

type ListOptions = { readonly after?: number; readonly limit: number }
type VerifyOptions = { readonly file?: string; readonly heads?: string; readonly key?: string }

/** `heddle audit list|export|verify`. */
export function addAudit(program: Command, open: OpenSession): void {
  const audit = program.command('audit').description('who changed what, from where and why')
  audit
    .command('list')
    .description('the rows of the audit: the newest, or those after a number')
    .addOption(new Option('--after <number>', 'only those after this one, oldest first').argParser(countArgument))
    .addOption(new Option('--limit <count>', 'at most so many, up to 1000').argParser(countArgument).default(50))
    .addHelpText('after', examples('heddle audit list', 'heddle audit list --after 1200 --limit 200'))
    .action(async ({ after, limit }: ListOptions, command: Command) => {
      const session = open(command)
      const { access } = session.plane
      const from = after ?? Math.max(0, (await access.audit(0, 1)).head.seq - limit)
      session.print(await access.audit(from, Math.min(limit, 1000)), showAudit)
    })
  audit
    .command('export')
    .argument('<file>', 'where to write it, as JSON lines; there must be no such file')
    .description('writes all rows that are kept to a file, which can be verified without the control plane')
    .addHelpText('after', examples('heddle audit export audit-$(date +%F).jsonl'))
    .action(async (file: string, _options: object, command: Command) => {
      const session = open(command)
      const rows = await exportTo(file, session)
      session.print(
        { file, rows },
        () => `${rows} rows are in ${file}. \`heddle audit verify --file ${file}\` checks it.`,
      )
    })
  audit
    .command('verify')
    .description('whether every row is as it was written, and as signed heads say')
    .option('--file <file>', 'an export, instead of what the control plane has')
    .option('--heads <file>', 'heads that were signed meanwhile, best from another machine')
    .option('--key <key>', 'the only key that may have signed them, as they name it')
    .addHelpText('after', examples('heddle audit verify', 'heddle audit verify --file audit.jsonl --heads audit.heads'))
    .action(async ({ file, heads, key }: VerifyOptions, command: Command) => {
      const session = open(command)
      const signed = heads === undefined ? [] : await headsIn(heads)
      const verified = await (file === undefined ? ofPlane(session, signed, key) : ofExport(file, signed, key))
      session.print(verified, showVerifiedAudit)
      if (verified.faults.length > 0) session.exitWith(exitCodes.failed)
    })
}

async function exportTo(file: string, { plane, now }: Session): Promise<number> {
  const handle = await openFile(file, 'wx', 0o600).catch((cause: unknown) => {
    throw new Failure('ARGUMENT_INVALID', `${file} cannot be made`, {
      cause,
      remedy: 'Name a file that is not there yet.',
    })
  })
  await using to = handle
  let rows = 0
  let begun = false
  for await (const page of plane.access.auditPages()) {
    const head: ExportHead = {
      export: 'heddle-audit-1',
      at: new Date(now()).toISOString(),
      dropped: page.dropped,
      head: page.head,
    }
    if (!begun) await to.write(`${JSON.stringify(head)}\n`)
    begun = true
    rows += page.rows.length
    if (page.rows.length > 0) await to.write(page.rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  await to.sync()
  return rows
}

async function ofPlane({ plane }: Session, heads: readonly SignedHead[], key: string | undefined): Promise<Verified> {
  let verifier: AuditVerifier | undefined
  let end = { seq: 0, hash: '' }
  for await (const { rows, head, dropped } of plane.access.auditPages()) {
    verifier ??= new AuditVerifier(dropped, heads, key)
    verifier.add(rows)
    // It grows meanwhile: it is followed as far as it went.
    const last = rows.at(-1)
    end = last ? { seq: last.seq, hash: last.hash } : head
  }
  return (verifier ?? new AuditVerifier(end, heads, key)).end(end)
}

async function ofExport(file: string, heads: readonly SignedHead[], key: string | undefined): Promise<Verified> {
  let verifier: AuditVerifier | undefined
  let end = { seq: 0, hash: '' }
  for await (const value of linesOf(file)) {
    if (!verifier) {
      const { dropped, head } = read(ExportHead, value, file)
      verifier = new AuditVerifier(dropped, heads, key)
      end = head
      continue
    }
    const row = read(AuditRowView, value, file)
    verifier.add([row])
    // What was written while it was exported comes after the head that it begins with.
    if (row.seq > end.seq) end = { seq: row.seq, hash: row.hash }
  }
  if (!verifier) throw new Failure('ARGUMENT_INVALID', `${file} is no export of an audit`)
  return verifier.end(end)
}

async function headsIn(file: string): Promise<readonly SignedHead[]> {
  const heads: SignedHead[] = []
  for await (const value of linesOf(file)) heads.push(read(SignedHead, value, file))
  return heads
}

async function* linesOf(file: string): AsyncGenerator<unknown> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    for await (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
  } catch (cause) {
    throw new Failure('ARGUMENT_INVALID', `${file} cannot be read`, { cause })
  }
}

function read<T extends z.core.$ZodType>(schema: T, value: unknown, file: string): z.core.output<T> {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  throw new Failure('ARGUMENT_INVALID', `${file} has a line of another form`)
}
