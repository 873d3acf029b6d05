import { get } from 'node:http'
import { portOf } from '../config.ts'
import { proofPath } from './own-files.ts'

/** The hash of the set that Nginx serves, as a worker says that takes a new connection now; undefined: no such answer. */
export function askProof(address: string, timeoutMs = 500): Promise<string | undefined> {
  return askPage(address, proofPath, timeoutMs)
}

/** What a page of the agent's own in Nginx says; undefined: nobody answers, or there is no such page. */
export function askPage(address: string, path: string, timeoutMs = 500): Promise<string | undefined> {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const request = get({ host, port: portOf(address), path, agent: false, timeout: timeoutMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > 500) request.destroy()
      })
      response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : undefined))
      response.on('close', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
