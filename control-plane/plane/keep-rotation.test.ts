import t from 'tap'
import { certificateIn, EnrollingPlane, secret } from '#test/support/enrolling.ts'
import { newKey, node } from '#test/support/identity.ts'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { Identities } from '../identity/identities.ts'
import { RotationKeeper } from './keep-rotation.ts'

const other = 'n-bbbbbbbbbbbb'

t.test(
  'the next authority signs once every node that could come back trusts it, wherever that was heard',
  async (t) => {
    await using store = await memoryStore()
    let now = Date.now()
    const plane = await EnrollingPlane.open(store, now)
    const token = await plane.token({ usesLeft: 5 })
    for (const each of [node, other]) certificateIn(await plane.enrol(token, await newKey(), { node: each }))
    const parts = {
      store,
      installation: store.installation,
      secret,
      outside: [],
      copies: [],
      log: logLines().log,
    }
    await using identities = await Identities.open({ ...parts, now: () => now, everyMs: 3_600_000 })
    let elsewhere: ((node: string, ids: readonly string[]) => void) | undefined
    const told: string[] = []
    let leads = true
    const keeper = new RotationKeeper({
      identities,
      leads: () => leads,
      together: {
        tell: (_kind, key) => void told.push(key),
        onFact: (_kind, _schema, take) => {
          elsewhere = (key, ids) => take(key, ids as never, { run: 'r2', behindMs: 0 })
        },
      },
    })
    await identities.rotate({ asked: true, confirmed: false })
    now += 61_000
    const [first, next] = ['active', 'next'].map((state) =>
      identities.authorities.kept.find((each) => each.state === state),
    )
    const signs = () => identities.authorities.active.id
    keeper.heard(node, [first?.id ?? '', next?.id ?? ''])
    t.strictSame(told, [node], 'other planes hear of it')
    await keeper.look()
    t.equal(signs(), first?.id, 'one node does not trust it yet')
    elsewhere?.(other, [next?.id ?? ''])
    leads = false
    await keeper.look()
    t.equal(signs(), first?.id, 'the plane that leads does it')
    leads = true
    await keeper.look()
    t.equal(signs(), next?.id)

    await identities.rotate({ asked: true, confirmed: false })
    now += 61_000
    await keeper.look()
    t.equal(signs(), next?.id, 'nobody trusts the third one yet')
    now += 32 * 24 * 3_600_000
    await keeper.look()
    t.not(signs(), next?.id, 'nobody is waited for whose certificate could not be renewed any more')
  },
)
