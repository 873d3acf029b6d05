#!/usr/bin/env node
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { run } from './program.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await run(process.argv.slice(2), processTerminal(stopSignal()))
