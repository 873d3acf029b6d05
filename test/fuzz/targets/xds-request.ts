import { MessageReader, writePrefix } from '#control-plane/routing/envoy/grpc/messages.ts'
import { decodeRequest } from '#control-plane/routing/envoy/request.ts'
import { inPieces, piecesOf } from '../inputs/cut.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise, same } from '../inputs/promises.ts'
import { xdsRequests } from '../inputs/xds-requests.ts'
import { targetOf } from '../play/target.ts'

const mostBytes = 1024 * 1024
const framed = (messages: readonly Buffer[]) =>
  Buffer.concat(
    messages.map((message) => {
      const bytes = Buffer.concat([Buffer.alloc(5), message])
      writePrefix(bytes)
      return bytes
    }),
  )

/** What an Envoy may send on its stream: messages are the same however they are cut, and hold nothing that was not in their bytes. */
export const target = targetOf({
  arbitrary: inPieces(mutated([framed(xdsRequests), ...xdsRequests.map((message) => framed([message]))])),
  run: (input) => {
    const cut = read(piecesOf(input))
    same(cut, read([input.bytes]), 'in one piece')
    let taken = 0
    for (const bytes of cut.messages) taken += decoded(bytes) ? 1 : 0
    return taken > 0 && cut.refused === undefined ? 'taken' : 'refused'
  },
})

function read(pieces: readonly Buffer[]) {
  const messages: Buffer[] = []
  const reader = new MessageReader(mostBytes, (message) => messages.push(Buffer.from(message)))
  for (const piece of pieces) {
    const refused = reader.read(piece)
    if (refused !== undefined) return { messages, refused }
    promise(reader.kept <= mostBytes + 1_024, 'more is kept than one message may be')
  }
  return { messages, refused: undefined }
}

function decoded(bytes: Buffer): boolean {
  let request: ReturnType<typeof decodeRequest>
  try {
    request = decodeRequest(bytes)
  } catch (error) {
    // It says so in words; anything else, as what reads beyond the bytes throws, is a fault.
    if (error instanceof Error && error.constructor === Error) return false
    throw error
  }
  const said = [request.typeUrl, request.nonce, ...request.subscribe, ...request.unsubscribe].join('')
  promise(said.length <= bytes.length, 'more was read than there is')
  return true
}
