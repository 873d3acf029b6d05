import fc from 'fast-check'
import t from 'tap'
import {
  cpuUsage,
  inodesByPort,
  listeningInodes,
  memoryUsage,
  openFiles,
  parseCpuTimes,
  parseLoad,
  parseProcessTimes,
  parseTraffic,
  percent,
  residentBytes,
  threadCount,
} from './proc.ts'

const stat = (user: number, idle: number) => `cpu  ${user} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n`

t.test('processor usage is what was busy between two readings', async (t) => {
  const before = parseCpuTimes(stat(100, 900))
  const after = parseCpuTimes(stat(125, 975))
  t.strictSame(before, { busy: 100, total: 1000 })
  t.equal(before && after && cpuUsage(before, after), 25)
  t.equal(before && cpuUsage(before, before), undefined)
  t.equal(parseCpuTimes('nothing'), undefined)
})

t.test('memory usage is what is not available', async (t) => {
  t.equal(memoryUsage('MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n'), 60)
  t.equal(memoryUsage('MemTotal:       1000 kB\n'), undefined)
})

t.test('load is the first number', async (t) => {
  t.equal(parseLoad('0.52 0.58 0.59 1/257 1234'), 0.52)
  t.equal(parseLoad(''), undefined)
})

t.test('traffic is that of the outer interfaces', async (t) => {
  const dev = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0',
    '  eth0: 100 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0',
    'ens5:7 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0',
    ' vethab: 50 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0',
  ].join('\n')
  t.strictSame(parseTraffic(dev), { bytesIn: 107, bytesOut: 23 })
  t.strictSame(parseTraffic(''), { bytesIn: 0, bytesOut: 0 })
})

t.test('listening sockets are found by their port, in both families', async (t) => {
  const tcp = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0',
    '   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4713 1 0 100 0 0',
  ].join('\n')
  t.strictSame([...inodesByPort(tcp)], [[8080, ['4711', '4713']]])
  t.strictSame(listeningInodes(tcp, 8080), ['4711', '4713'])
  t.strictSame(listeningInodes(tcp, 80), [])
})

t.test('process times are read whatever the process is called', async (t) => {
  const tail = 'S 1 1 1 0 -1 4194560 1 0 0 0 70 30 0 0 20 0 11 0 5555 1 1'
  for (const name of ['node', 'a b', 'x) S (y', ')']) {
    t.strictSame(parseProcessTimes(`17 (${name}) ${tail}`), { ticks: 100, startedAt: 5555 })
  }
  t.equal(parseProcessTimes(''), undefined)
})

t.test('resident memory is in bytes', async (t) => {
  t.equal(residentBytes('Name:\tnode\nVmRSS:\t   2 kB\n'), 2048)
  t.equal(residentBytes(''), undefined)
})

t.test('threads and open files are counted', async (t) => {
  t.equal(threadCount('Name:\tnode\nThreads:\t11\n'), 11)
  t.equal(threadCount(''), undefined)
  t.equal(openFiles('2592\t12\t9223372036854775807\n'), 2580)
  t.equal(openFiles(''), undefined)
})

t.test('a percentage is within its bounds, whatever is divided', async (t) => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (share) => {
      const value = percent(share)
      return value >= 0 && value <= 100
    }),
  )
  t.pass()
})
