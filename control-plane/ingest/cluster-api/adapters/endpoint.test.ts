import t from 'tap'
import { endpointAt, readEndpoint } from './endpoint.ts'

for (const { text, expected, elsewhere } of [
  {
    text: 'http://10.0.0.5:8080',
    expected: { address: '10.0.0.5', port: 8080, path: '' },
    elsewhere: 'http://10.9.9.9:8080',
  },
  {
    text: '10.0.0.5:8080',
    expected: { scheme: 'http', address: '10.0.0.5', port: 8080 },
    elsewhere: 'http://10.9.9.9:8080',
  },
  {
    text: 'https://h/api/',
    expected: { address: 'h', port: 443, path: '/api/' },
    elsewhere: 'https://10.9.9.9:443/api/',
  },
  {
    text: 'localhost:9000/x',
    expected: { address: 'localhost', port: 9000, path: '/x' },
    elsewhere: 'http://10.9.9.9:9000/x',
  },
  {
    text: 'grpc://[fd00::1]:50051',
    expected: { scheme: 'grpc', address: 'fd00::1', port: 50051 },
    elsewhere: 'grpc://10.9.9.9:50051',
  },
  { text: 'http://h:80', expected: { port: 80 }, elsewhere: 'http://10.9.9.9:80' },
]) {
  t.test(`${text} is an endpoint, the same at its own address and the like at another`, async (t) => {
    const endpoint = readEndpoint(text)
    if (typeof endpoint === 'string') throw new Error(endpoint)
    t.match(endpoint, expected)
    t.equal(endpointAt(endpoint, endpoint.address), text)
    t.equal(endpointAt(endpoint, '10.9.9.9'), elsewhere)
  })
}

for (const text of [
  '',
  '://',
  'http://',
  'tcp://h',
  'http://u@h:1',
  'http://h:99999',
  'grpc://h:0',
  'http://a b:1',
  'file:///etc',
])
  t.test(`"${text}" is none, and it is said why`, async (t) => t.type(readEndpoint(text), 'string'))
