/** Where something is written. */
export type Source = { readonly file: string; readonly line?: number; readonly key: string }

/** The settings of the whole installation and of one node that former files speak of. */
export const installationFields = ['manager', 'heartbeat', 'lifetime', 'balance', 'mode'] as const
export const nodeFields = [
  'name',
  'site',
  'cluster',
  'address',
  'mode',
  'check_interval',
  'check_timeout',
  'check_path',
] as const
export const serviceFields = ['type', 'port', 'version', 'weight', 'balance', 'check_path'] as const

export type Value = string | number
/** One thing that a file says. Two that say different things of the same subject and field contradict each other. */
export type Statement = {
  readonly subject: Subject
  readonly field: string
  /** Normalised: two spellings of one thing are equal. */
  readonly value: Value
  readonly source: Source
}

export type Subject =
  | { readonly kind: 'installation' }
  | { readonly kind: 'node'; readonly node: string }
  /** One copy of a service on a node; its port tells it from others of its name there, unless it is the only one. */
  | { readonly kind: 'service'; readonly node: string; readonly service: string }

export function subjectText(subject: Subject): string {
  switch (subject.kind) {
    case 'installation':
      return 'the installation'
    case 'node':
      return `node ${subject.node}`
    case 'service':
      return `${subject.service} of node ${subject.node}`
  }
}

/** Something that a person has to look at. */
export type Remark = { readonly source: Source; readonly message: string }

/** What was read out of one file. */
export type Reading = {
  readonly statements: readonly Statement[]
  /** What is wrong and keeps the file from being imported. */
  readonly problems: readonly Remark[]
  /** What is not imported, or was understood in a way that is worth a look. */
  readonly notes: readonly Remark[]
}

/** `nodes.yaml:4 node_config.port` */
export function sourceText({ file, line, key }: Source): string {
  return `${line === undefined ? file : `${file}:${line}`}${key === '' ? '' : ` ${key}`}`
}
