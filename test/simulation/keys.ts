import type { KeyRow } from '#control-plane/consul/answers.ts'
import type { KeyOperation, Operation, TransactionOutcome } from '#control-plane/consul/operation.ts'

/**
 * A Consul's keys, as its documentation says that they behave: one index rises with every write, a transaction is done as a whole or not
 * at all, `check-index` fails for a key that is not there, `cas` with the index 0 only makes what is not there.
 */
export class Keys {
  readonly #rows = new Map<string, { readonly value: string; readonly index: number }>()
  #index: number

  /** @param index of the last write before the first one here; a state that was lost begins anew elsewhere */
  constructor(index = 100_000) {
    this.#index = index
  }

  read(key: string): KeyRow | undefined {
    const row = this.#rows.get(key)
    return row && { key, value: Buffer.from(row.value, 'base64').toString('utf8'), index: row.index }
  }

  /** Somebody removes a key by hand. */
  remove(key: string): void {
    this.#index += 1
    this.#rows.delete(key)
  }

  transact(operations: readonly Operation[]): TransactionOutcome {
    const asked = operations.map((operation) => {
      if ('KV' in operation) return operation.KV
      throw new TypeError('only keys are modelled')
    })
    const errors = asked.flatMap((operation, index) => {
      return this.#fits(operation) ? [] : [{ index, what: 'index is stale', kind: 'stale' as const }]
    })
    if (errors.length > 0) return { kind: 'refused', errors }
    this.#index += 1
    const index = this.#index
    for (const { Key: key, ...operation } of asked) {
      if (operation.Verb === 'set' || operation.Verb === 'cas') this.#rows.set(key, { value: operation.Value, index })
      else if (operation.Verb === 'delete-cas') this.#rows.delete(key)
    }
    const indexes = asked.flatMap(({ Key, Verb }) => (Verb === 'delete-cas' ? [] : [this.#rows.get(Key)?.index ?? 0]))
    return { kind: 'done', indexes }
  }

  /** The index, and every key with what stands there. */
  fingerprint(): string {
    const keys = [...this.#rows.keys()].toSorted()
    return JSON.stringify([this.#index, ...keys.map((key) => this.read(key))])
  }

  #fits(operation: KeyOperation): boolean {
    const row = this.#rows.get(operation.Key)
    switch (operation.Verb) {
      case 'set':
        return true
      case 'check-not-exists':
        return row === undefined
      case 'check-index':
      case 'delete-cas':
        return row?.index === operation.Index
      case 'cas':
        return (row?.index ?? 0) === operation.Index
    }
  }
}
