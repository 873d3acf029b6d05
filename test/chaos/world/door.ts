/**
 * Stands before a Consul and can answer for it, as an overloaded or broken one does:
 *
 *   node door.ts <address> <port> <port of the Consul behind it> <port on which it is told how to answer>
 *
 * POST / of the last port with one of: pass, error (500 to all), garbage (200 and what is no JSON), half (an answer that breaks off),
 * hang (no answer).
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

const [address = '', port = '', behind = '', told = ''] = process.argv.slice(2)
let mode = 'pass'

createServer((asked, response) => {
  response.on('error', () => {})
  serve(asked, response)
}).listen(Number(port), address, () => process.stdout.write('listening\n'))

createServer((asked, response) => {
  text(asked).then(
    (word) => {
      mode = word
      response.end(mode)
    },
    () => response.destroy(),
  )
}).listen(Number(told), '0.0.0.0')

function serve(asked: IncomingMessage, response: ServerResponse): void {
  switch (mode) {
    case 'error':
      asked.resume()
      response.writeHead(500).end('rpc error making call: No cluster leader')
      return
    case 'garbage':
      asked.resume()
      response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': 'x' }).end('<html>[{"Node": nul')
      return
    case 'hang':
      asked.resume()
      return
    default:
      pass(asked, response)
  }
}

function pass(asked: IncomingMessage, response: ServerResponse): void {
  const { method = 'GET', url = '/', headers } = asked
  const onward = request({ host: '127.0.0.1', port: behind, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => response.destroy())
    if (mode === 'half') {
      answer.once('data', (chunk: Buffer) => {
        response.write(chunk.subarray(0, chunk.length / 2), () => response.destroy())
        answer.destroy()
      })
      answer.once('end', () => response.destroy())
      return
    }
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  asked.on('error', () => onward.destroy())
  asked.pipe(onward)
}
