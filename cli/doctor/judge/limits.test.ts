import t from 'tap'
import { filesFinding, kernelFindings, openFilesIn } from './limits.ts'

for (const { limit, agents, isPlane, level } of [
  { limit: 1024, agents: 100, isPlane: true, level: 'ok' },
  { limit: 1024, agents: 1000, isPlane: true, level: 'warning' },
  { limit: 1024, agents: 10_000, isPlane: true, level: 'error' },
  { limit: Number.POSITIVE_INFINITY, agents: 10_000, isPlane: true, level: 'ok' },
  { limit: 1024, agents: 0, isPlane: false, level: 'ok' },
  { limit: 256, agents: 0, isPlane: false, level: 'error' },
]) {
  t.test(`${limit} files for ${isPlane ? `a plane of ${agents} agents` : 'an agent'} are ${level}`, async (t) => {
    t.equal(filesFinding('it', limit, { agents, isPlane }).level, level)
  })
}

t.test('the limit is read as the kernel writes it', async (t) => {
  const line = (text: string) =>
    `Max cpu time              unlimited            unlimited            seconds\nMax open files            ${text}                 4096                 files\n`
  t.strictSame(
    [openFilesIn(line('1024')), openFilesIn(line('unlimited')), openFilesIn('')],
    [1024, Number.POSITIVE_INFINITY, undefined],
  )
})

const fine = { somaxconn: 4096, portRange: [32_768, 60_999], conntrack: { count: 10, most: 262_144 } } as const
for (const { what, kernel, agents, says } of [
  { what: 'as delivered', kernel: {}, agents: 10_000, says: [] },
  {
    what: 'that cannot be read',
    kernel: { somaxconn: undefined, portRange: undefined, conntrack: undefined },
    agents: 10_000,
    says: [],
  },
  { what: 'with a short queue', kernel: { somaxconn: 128 }, agents: 1_000, says: [/somaxconn is 128/] },
  { what: 'with a short queue for few', kernel: { somaxconn: 128 }, agents: 100, says: [] },
  { what: 'with few ports', kernel: { portRange: [60_000, 60_999] as const }, agents: 1, says: [/only 1000 ports/] },
  {
    what: 'whose firewall is full',
    kernel: { conntrack: { count: 60_000, most: 65_536 } },
    agents: 1,
    says: [/60000 of at most 65536/],
  },
]) {
  t.test(`a kernel ${what} has ${says.length} findings`, async (t) => {
    t.match(
      kernelFindings({ ...fine, ...kernel }, agents).map(({ text }) => text),
      says,
    )
    t.equal(kernelFindings({ ...fine, ...kernel }, agents).length, says.length)
  })
}
