import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type RunningProcess, spawnProcess } from '../process.ts'

const execute = promisify(execFile)

/** As a service manager with a socket unit does it: it holds the socket, and runs the program with it again and again. */
const holder = `
import os, signal, socket, sys
port, args = int(sys.argv[1]), sys.argv[2:]
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(('127.0.0.1', port))
held.listen(511)
child = 0
def end(*_):
    if child: os.kill(child, signal.SIGTERM); os.waitpid(child, 0)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ['LISTEN_PID'], os.environ['LISTEN_FDS'] = str(os.getpid()), '1'
        os.execv(args[0], args)
    print('started', child, flush=True)
    os.waitpid(child, 0)
`

/** Runs a program with a socket that outlives it. Its output has a line \`started <pid>\` for each run. */
export function runWithHeldSocket(port: number, args: readonly string[]): Promise<RunningProcess> {
  return spawnProcess('/usr/bin/python3', ['-u', '-c', holder, String(port), ...args], { orphanSignal: 'TERM' })
}

/** Why it cannot be run here; false: it can. */
export async function noHeldSocket(): Promise<string | false> {
  return execute('/usr/bin/python3', ['--version']).then(
    () => false,
    () => 'python3 is not installed',
  )
}
