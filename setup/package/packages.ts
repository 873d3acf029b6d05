import {
  agentEnvironment,
  agentOptions,
  planeEnvironment,
  planeOptions,
  type Shipped,
  shippedAgent,
  shippedCli,
  shippedHelper,
  shippedInstaller,
  shippedPlane,
} from '../bundle.ts'

export type PackageName = 'heddle-agent' | 'heddle-plane' | 'heddle-cli'

/** When a unit is started by an installation; all of them are enabled. */
export type UnitStart = 'always' | { readonly onceThere: string }

export type Unit = {
  readonly name: string
  /** Left out: something else starts it, such as its socket. */
  readonly start?: UnitStart
  /** An upgrade leaves it alone: it may be what is doing the upgrade. */
  readonly upgrades?: true
}

/** What one Debian package is made of. Paths of files of ours are those of the tree. */
export type Package = {
  readonly name: PackageName
  readonly summary: string
  /** One paragraph. */
  readonly description: string
  /** Each puts a folder of its name below a given one. */
  readonly bundles: readonly ((into: string) => Promise<Shipped>)[]
  /** The program in /usr/bin, and what Node is started with. */
  readonly program: { readonly word: string; readonly bundle: string; readonly options: readonly string[] }
  readonly environment: Readonly<Record<string, string>>
  readonly section: 1 | 8
  /** Below /etc/heddle; each is a conffile. */
  readonly configuration: readonly string[]
  /** In the order in which they are started. */
  readonly units: readonly Unit[]
  /** A user of its own and its state folder, for what runs as nobody else. */
  readonly user?: { readonly name: string; readonly home: string; readonly mode: string }
  /** What a purge takes away besides. */
  readonly state: readonly string[]
  /** Beside the licences: from the tree to the folder of documentation. */
  readonly documents: Readonly<Record<string, string>>
}

export const packages: readonly Package[] = [
  {
    name: 'heddle-agent',
    summary: 'checks the services of a host and tells a Heddle control plane',
    description:
      'Stands beside servers, probes them, measures the host and reports to a control plane, in whose place it takes orders and ' +
      'applies the files of Nginx or Envoy. It runs as a user of its own; what needs more is done by a helper with fixed verbs.',
    bundles: [shippedAgent, shippedHelper, shippedInstaller],
    program: { word: 'heddle-agent', bundle: 'agent/heddle-agent.mjs', options: agentOptions },
    environment: agentEnvironment,
    section: 8,
    configuration: ['agent.yaml', 'helper.yaml', 'upgrade.yaml'],
    units: [
      { name: 'heddle-helper.socket', start: 'always' },
      { name: 'heddle-helper.service' },
      { name: 'heddle-upgrade.path', start: 'always' },
      { name: 'heddle-upgrade.service', upgrades: true },
      // Before it is enrolled there is nobody whom it could tell anything.
      { name: 'heddle-agent.service', start: { onceThere: '/var/lib/heddle-agent/identity/certificate.pem' } },
    ],
    user: { name: 'heddle-agent', home: '/var/lib/heddle-agent', mode: '0750' },
    state: [
      '/var/lib/heddle-agent',
      '/var/lib/heddle-helper',
      '/var/lib/heddle-upgrade',
      '/run/heddle',
      '/run/heddle-upgrade',
    ],
    documents: {
      'docs/examples/agent.yaml': 'examples/agent.yaml',
      'systemd/basic-server.service.d': 'examples/basic-server.service.d',
      'docs/systemd.md': 'systemd.md',
      'docs/upgrades.md': 'upgrades.md',
    },
  },
  {
    name: 'heddle-plane',
    summary: 'control plane that keeps one truth about a fleet',
    description:
      'Hears agents and clients, keeps what happened in a journal, mirrors what it believes into Consul datacenters and drives Envoy and ' +
      'Nginx from it. Its first start makes an authority of its own, an enrolment token for agents and a token for the first admin.',
    bundles: [shippedPlane],
    program: { word: 'heddle-plane', bundle: 'plane/heddle-plane.mjs', options: planeOptions },
    environment: planeEnvironment,
    section: 8,
    configuration: ['control-plane.yaml'],
    units: [{ name: 'heddle-plane.service', start: 'always' }],
    // DynamicUser: the folder lies in the private one, and the path without it is a link.
    state: ['/var/lib/private/heddle-plane', '/var/lib/heddle-plane'],
    documents: {
      'docs/examples/control-plane.yaml': 'examples/control-plane.yaml',
      'docs/examples/routes': 'examples/routes',
      'docs/systemd.md': 'systemd.md',
      'systemd/monitoring': 'examples/monitoring',
    },
  },
  {
    name: 'heddle-cli',
    summary: 'command line of the Heddle control plane',
    description:
      'Shows and steers a fleet: status, explain, plan, apply, rollback, drain, and all else that a control plane can be asked.',
    bundles: [shippedCli],
    program: { word: 'heddle', bundle: 'cli/heddle.mjs', options: [] },
    environment: {},
    section: 1,
    configuration: [],
    units: [],
    state: [],
    documents: {},
  },
]
