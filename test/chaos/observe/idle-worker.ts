import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parentPort } from 'node:worker_threads'

// Has nothing to do: what its loop lags is the machine's doing. Asked by any message, it answers with the P99 in ms since it was last asked.

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
parentPort?.on('message', () => {
  parentPort?.postMessage(Math.max(0, delay.percentile(99) / 1e6 - 10))
  delay.reset()
})
