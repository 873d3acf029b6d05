import { Agent, get } from 'node:http'

/** Asks over a few connections that are kept, and knows how much was answered. */
export class Connections implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  /** How many requests have had their answer. */
  answered = 0

  status(port: number, path: string, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve) => {
      const request = get({ host: '127.0.0.1', port, path, agent: this.#agent, headers: { host } }, (response) => {
        response.resume().on('end', () => {
          this.answered += 1
          resolve(response.statusCode ?? 0)
        })
      })
      request.on('error', () => resolve(0))
    })
  }

  async ask(port: number, path: string, times: number, host?: string): Promise<void> {
    for (let left = times; left > 0; left -= 20) {
      await Promise.all(Array.from({ length: Math.min(20, left) }, () => this.status(port, path, host)))
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
