export type Seen = {
  readonly status: number
  readonly url: string
  readonly location: string | undefined
  readonly text: string
}

type Visit = { readonly method?: string; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }

/** What a browser keeps of each host, and sends by itself. It follows nothing unless it is told to. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  cookie(url: string, name: string): string | undefined {
    return this.#of(url).get(name)
  }

  /** What an attacker could plant. */
  set(url: string, name: string, value: string): void {
    this.#of(url).set(name, value)
  }

  async visit(url: string, { method = 'GET', body, headers = {} }: Visit = {}): Promise<Seen> {
    const jar = this.#of(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(20_000),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((each) => each.trim())
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (value === '' || attributes.some((each) => /^max-age=0$/i.test(each))) jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    return {
      status: response.status,
      url,
      location: location === null ? undefined : new URL(location, url).href,
      text: await response.text(),
    }
  }

  /** Goes on as long as it is sent on, unless to an address that `until` wants. */
  async follow(url: string, until: (url: string) => boolean = () => false): Promise<Seen> {
    let seen = await this.visit(url)
    for (let hops = 0; seen.location !== undefined && hops < 10; hops += 1) {
      if (until(seen.location)) return { ...seen, url: seen.location }
      seen = await this.visit(seen.location)
    }
    return seen
  }

  #of(url: string): Map<string, string> {
    return this.#cookies.getOrInsertComputed(new URL(url).host, () => new Map())
  }
}
