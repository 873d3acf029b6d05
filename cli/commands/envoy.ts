import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { identityFiles } from '#shared/envoy/node-secrets.ts'
import { Failure } from '#shared/failure/failure.ts'
import { replaceFile } from '#shared/files/replace-file.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { countArgument, durationArgument } from '../arguments.ts'
import { type Address, envoyBootstrap } from '../envoy/bootstrap.ts'
import { drainEnvoy, undrainEnvoy } from '../envoy/drain.ts'
import type { OpenSession, Session } from '../session.ts'
import { examples } from './examples.ts'

type Options = {
  readonly gateway: string
  readonly xds?: readonly Address[]
  readonly id?: string
  readonly identity?: string
  readonly admin: Address
  readonly maxHeap: number
  readonly maxConnections: number
  readonly out?: string
  readonly wait?: true
}

const defaultAdmin: Address = { host: '127.0.0.1', port: 9901 }
const mebibyte = 1024 ** 2
const lookEveryMs = 100

export function addEnvoy(program: Command, open: OpenSession): void {
  const group = program.command('envoy').description('what an Envoy needs to be a gateway')
  group
    .command('bootstrap')
    .description(
      'writes the configuration with which an Envoy asks the plane for everything else; the plane is not asked',
    )
    .requiredOption('--gateway <name>', 'the gateway of the declaration that it belongs to', plainArgument)
    .option(
      '--xds <host:port>',
      'where a plane answers Envoys (routing.xds); several times for several planes (default: port 18000 of --plane)',
      addresses,
    )
    .option(
      '--id <name>',
      "names this Envoy in logs and rejections, one for each (default: this host's name)",
      plainArgument,
    )
    .option(
      '--identity <folder>',
      'where the agent on this host keeps the certificate of its node (identity in its state_dir): the plane is asked over TLS',
    )
    .option(
      '--admin <address:port>',
      'its admin page, on loopback (default: 127.0.0.1:9901)',
      loopbackArgument,
      defaultAdmin,
    )
    .option(
      '--max-heap <mebibytes>',
      'memory from which on it refuses rather than dies (default: 2048)',
      countArgument,
      2048,
    )
    .option('--max-connections <count>', 'connections of clients at once (default: 50000)', countArgument, 50_000)
    .option('--out <file>', 'writes it to this file, in the place of what is there, instead of showing it')
    .option('--wait', 'waits until the agent is enrolled, --timeout at most (with --identity)')
    .addHelpText('after', examples('heddle envoy bootstrap --gateway edge --xds 10.0.0.2:18000 > envoy.yaml'))
    .action(async ({ maxHeap, maxConnections, ...options }: Options, command: Command) => {
      const { plane } = command.optsWithGlobals<{ readonly plane: string }>()
      const session = open(command)
      const { gateway, admin, xds: planes = [besides(plane)] } = options
      const identity = options.identity === undefined ? undefined : resolve(options.identity)
      if (identity !== undefined && options.wait) await enrolled(identity, session)
      const id = identity === undefined ? (options.id ?? hostname()) : nodeIn(identity, options.id)
      const limits = { maxHeapBytes: maxHeap * mebibyte, maxConnections }
      const bootstrap = envoyBootstrap({ gateway, id, planes, admin, identity, ...limits })
      if (options.out !== undefined) await written(options.out, bootstrap)
      else session.print(bootstrap, (view) => stringify(view).trimEnd())
    })
  addDraining(group, open)
}

/** Resolves when the agent keeps there what an Envoy needs, or the time is over: then the reading says what is missing. */
async function enrolled(identity: string, { deadline, stop }: Session): Promise<void> {
  const { certificate, envoyCertificate, envoyTrust } = identityFiles(identity)
  const isThere = () => [certificate, envoyCertificate, envoyTrust].every((path) => existsSync(path))
  while (!isThere() && deadline.leftMs() > 0) await pause(Math.min(lookEveryMs, deadline.leftMs()), stop)
  stop.throwIfAborted()
}

async function written(file: string, bootstrap: object): Promise<void> {
  await replaceFile(resolve(file), stringify(bootstrap)).catch((cause: unknown) => {
    const remedy = 'Name a file in a folder that is there and that you may write to.'
    throw new Failure('ARGUMENT_INVALID', `--out: ${file} cannot be written`, { cause, remedy })
  })
}

const adminOption = () =>
  new Option('--admin <address:port>', 'its admin page, on loopback (default: 127.0.0.1:9901)')
    .argParser(loopbackArgument)
    .default(defaultAdmin, '127.0.0.1:9901')

/** What a service manager runs before it ends an Envoy: neither plane nor agent is asked. */
function addDraining(group: Command, open: OpenSession): void {
  group
    .command('drain')
    .description(
      'has an Envoy on this machine be left by the balancers in front, and waits until it has answered what it has; the plane is not asked',
    )
    .addOption(adminOption())
    .option(
      '--notice <duration>',
      'how long balancers take to see that its health path fails (default: 10s)',
      durationArgument,
      10_000,
    )
    .addHelpText('after', examples('heddle envoy drain --notice 15s --timeout 2m'))
    .action(async ({ admin, notice }: { readonly admin: Address; readonly notice: number }, command: Command) => {
      const session = open(command)
      const { deadline, stop } = session
      await drainEnvoy({ admin: addressText(admin), noticeMs: notice, deadline, stop })
      session.note(`The Envoy at ${addressText(admin)} is drained; it can be ended.`)
    })
  group
    .command('undrain')
    .description('has its health path pass again; one that was started anew needs no such word')
    .addOption(adminOption())
    .addHelpText('after', examples('heddle envoy undrain'))
    .action(async ({ admin }: { readonly admin: Address }, command: Command) => {
      const session = open(command)
      await undrainEnvoy(addressText(admin))
      session.note(`The Envoy at ${addressText(admin)} serves.`)
    })
}

function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** What an Envoy calls itself to a plane that knows it by the certificate of its node. */
function nodeIn(identity: string, id: string | undefined): string {
  const { certificate } = identityFiles(identity)
  try {
    const [, node] = /^CN=(n-[a-z2-7]{12})$/.exec(new X509Certificate(readFileSync(certificate)).subject) ?? []
    if (node === undefined) throw new Error('it is not the certificate of a node')
    return id === undefined ? node : `${node}/${id}`
  } catch (cause) {
    throw new Failure('ARGUMENT_INVALID', `--identity: ${certificate} cannot be used`, {
      cause,
      remedy: "Name `identity` in the agent's state_dir, once the agent is enrolled.",
    })
  }
}

/** Where the plane at a URL answers Envoys unless it says otherwise. */
function besides(plane: string): Address {
  return { host: new URL(plane).hostname.replace(/^\[|\]$/g, ''), port: 18_000 }
}

function plainArgument(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return text
  throw new InvalidArgumentError('Expected letters, digits, ".", "_" or "-".')
}

function addresses(text: string, known: readonly Address[] = []): readonly Address[] {
  return [...known, addressOf(text)]
}

function loopbackArgument(text: string): Address {
  const address = addressOf(text)
  // Whoever reaches the admin page can end the proxy and read its secrets.
  if (!/^(?:127\.|::1$)/.test(address.host) || isIP(address.host) === 0) {
    throw new InvalidArgumentError('Expected a loopback address such as 127.0.0.1:9901.')
  }
  return address
}

function addressOf(text: string): Address {
  const [, v6, name, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  const host = v6 ?? name
  if (host === undefined || port < 1 || port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) {
    throw new InvalidArgumentError('Expected an address such as 10.0.0.2:18000.')
  }
  return { host, port }
}
