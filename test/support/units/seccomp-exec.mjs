// Puts a filter of system calls over itself, as systemd does, and becomes the program: `node seccomp-exec.mjs <filter.json> <program> <args...>`
import { dlopen } from 'node:ffi'
import { readFileSync } from 'node:fs'

const [file, program, ...args] = process.argv.slice(2)
const { calls, families, namespaces } = JSON.parse(readFileSync(file, 'utf8'))
const { functions: s } = dlopen('libseccomp.so.2', {
  seccomp_init: { arguments: ['uint32'], return: 'pointer' },
  seccomp_syscall_resolve_name: { arguments: ['buffer'], return: 'int32' },
  seccomp_rule_add_array: { arguments: ['pointer', 'uint32', 'int32', 'uint32', 'buffer'], return: 'int32' },
  seccomp_load: { arguments: ['pointer'], return: 'int32' },
})
const { functions: c } = dlopen('libc.so.6', {
  execve: { arguments: ['buffer', 'buffer', 'buffer'], return: 'int32' },
  fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
})
const ffi = await import('node:ffi')
const allow = 0x7fff0000
const errno = (number) => 0x00050000 | number
const text = (value) => Buffer.from(`${value}\0`)
const [eperm, eafnosupport] = [1, 97]
const none = Buffer.alloc(8)

function must(code, what) {
  if (code < 0) throw new Error(`${what}: ${code}`)
}

/** One argument compared: struct scmp_arg_cmp is {unsigned arg; int op; u64 a; u64 b}. */
function compare(arg, op, a, b = 0n) {
  const cmp = Buffer.alloc(24)
  cmp.writeUInt32LE(arg, 0)
  cmp.writeUInt32LE(op, 4)
  cmp.writeBigUInt64LE(BigInt(a), 8)
  cmp.writeBigUInt64LE(BigInt(b), 16)
  return cmp
}

const number = (name) => s.seccomp_syscall_resolve_name(text(name))
const [equal, maskedEqual] = [4, 7]

must(c.prctl(38, 1n, 0n, 0n, 0n), 'no new privileges')
const others = s.seccomp_init(allow)
for (let family = 0; family < 46; family += 1) {
  if (families !== null && !families.includes(family))
    must(
      s.seccomp_rule_add_array(others, errno(eafnosupport), number('socket'), 1, compare(0, equal, family)),
      'family',
    )
}
if (namespaces) {
  for (const flag of [0x00020000n, 0x02000000n, 0x04000000n, 0x08000000n, 0x10000000n, 0x20000000n, 0x40000000n]) {
    for (const name of ['unshare', 'clone'])
      must(s.seccomp_rule_add_array(others, errno(eperm), number(name), 1, compare(0, maskedEqual, flag, flag)), name)
  }
}
must(s.seccomp_load(others), 'load')
const filter = s.seccomp_init(errno(eperm))
for (const name of calls) {
  const call = number(name)
  // Some are of other machines.
  if (call >= 0) must(s.seccomp_rule_add_array(filter, allow, call, 0, none), name)
}
const strings = (values) => {
  const texts = values.map(text)
  const table = Buffer.alloc((texts.length + 1) * 8)
  for (const [at, each] of texts.entries()) table.writeBigUInt64LE(ffi.getRawPointer(each), at * 8)
  return { texts, table }
}
const argv = strings([program, ...args])
const environment = strings(Object.entries(process.env).map(([name, value]) => `${name}=${value}`))
// Node has them closed for whatever it becomes: outputs, and sockets of a socket unit.
for (let descriptor = 0; descriptor < 8; descriptor += 1) c.fcntl(descriptor, 2, 0)
must(s.seccomp_load(filter), 'load')
c.execve(text(program), argv.table, environment.table)
throw new Error(`${program} cannot be started`)
