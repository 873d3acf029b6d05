import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificatesIn } from '#shared/identity/certificates-in.ts'
import { RunningAgent } from './start-agent.ts'

type Health = {
  readonly session: { readonly state: string; readonly plane?: string; readonly sessions: number }
  readonly certificate: { readonly state: string }
}

/** An agent process that comes to planes with a token, and what it keeps of its identity. */
export class EnrolledAgent implements AsyncDisposable {
  readonly agent: RunningAgent

  private constructor(agent: RunningAgent) {
    this.agent = agent
  }

  static async start(planes: readonly string[], tokenFile: string): Promise<EnrolledAgent> {
    return new EnrolledAgent(await RunningAgent.start({ planes, more: { identity: { token_file: tokenFile } } }))
  }

  async health(): Promise<Health> {
    return JSON.parse(await this.agent.page('/health')) as Health
  }

  /** The address of the plane that it has a session with; undefined: it has none. */
  async at(): Promise<string | undefined> {
    const { state, plane } = (await this.health()).session
    return state === 'connected' ? plane : undefined
  }

  async node(): Promise<string> {
    return JSON.parse(await readFile(join(this.agent.stateDir, 'node.json'), 'utf8')).node
  }

  file(name: 'key.pem' | 'certificate.pem' | 'trust.pem'): string {
    return join(this.agent.stateDir, 'identity', name)
  }

  /** How many authorities it trusts. */
  async trusts(): Promise<number> {
    return certificatesIn(await readFile(this.file('trust.pem'), 'utf8')).length
  }

  /** What it shows itself by: PEM. */
  async tls(): Promise<{ readonly cert: string; readonly key: string; readonly ca: string }> {
    const [cert, key, ca] = await Promise.all(
      (['certificate.pem', 'key.pem', 'trust.pem'] as const).map((name) => readFile(this.file(name), 'utf8')),
    )
    return { cert: cert ?? '', key: key ?? '', ca: ca ?? '' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]()
  }
}
