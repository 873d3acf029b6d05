/** What a stage of a Dockerfile says of the containers made of it, with what it has of the stage below. */
export type Stage = {
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthCheck: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSignal: string
  readonly labels: Readonly<Record<string, string>>
  /** Folders of the context and where they go, lowest first. */
  readonly copies: readonly { readonly from: string; readonly to: string; readonly owner: string | undefined }[]
  /** Instructions that are none of these. */
  readonly others: readonly string[]
}

const nothing: Stage = {
  ...{ user: '', env: {}, entrypoint: [], command: [], healthCheck: [], volumes: [], stopSignal: '', labels: {} },
  ...{ copies: [], others: [] },
}

/** The stages of a Dockerfile by name. Only what ours says is understood. */
export function readDockerfile(text: string): ReadonlyMap<string, Stage> {
  const stages = new Map<string, Stage>()
  let name = ''
  const lines = text.replace(/\\\n/g, ' ').split('\n')
  for (const line of lines.filter((each) => each.trim() !== '' && !each.startsWith('#'))) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (word === 'FROM') {
      const [below = '', , own = ''] = rest.split(/\s+/)
      name = own
      stages.set(own, stages.get(below) ?? nothing)
    } else if (name !== '') stages.set(name, withInstruction(stages.get(name) ?? nothing, word, rest))
  }
  return stages
}

function withInstruction(stage: Stage, word: string, rest: string): Stage {
  switch (word) {
    case 'USER':
      return { ...stage, user: rest }
    case 'ENV':
      return { ...stage, env: { ...stage.env, ...pairs(rest) } }
    case 'LABEL':
      return { ...stage, labels: { ...stage.labels, ...pairs(rest) } }
    case 'ENTRYPOINT':
      return { ...stage, entrypoint: JSON.parse(rest) }
    case 'CMD':
      return { ...stage, command: JSON.parse(rest) }
    case 'VOLUME':
      return { ...stage, volumes: JSON.parse(rest) }
    case 'STOPSIGNAL':
      return { ...stage, stopSignal: rest }
    case 'HEALTHCHECK':
      return { ...stage, healthCheck: JSON.parse(rest.slice(rest.indexOf('['))) }
    case 'COPY': {
      const [, owner, from = '', to = ''] = /^(?:--chown=(\S+)\s+)?(\S+)\s+(\S+)$/.exec(rest) ?? []
      return { ...stage, copies: [...stage.copies, { from, to, owner }] }
    }
    default:
      return { ...stage, others: [...stage.others, word] }
  }
}

function pairs(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)
  return Object.fromEntries([...found].map(([, key, quoted, plain]) => [key, quoted ?? plain]))
}
