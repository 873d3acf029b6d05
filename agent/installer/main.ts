#!/usr/bin/env node
import { runProgram } from '#shared/lifecycle/run-program.ts'
import { agentVersion } from '../version.ts'
import { loadInstallerConfig } from './config.ts'
import { runInstaller } from './install.ts'

const usage = `Usage: heddle-installer <upgrade.yaml>

Installs, as root, the release that the agent of this host has handed over, if a key that root trusts has signed it; sees that the new agent is
well, and puts the former package back if it is not. systemd starts it (heddle-upgrade.path); it ends when it is done.

  --check     check the configuration and end
  --version   print the version
  --help      print this
`

const say = (text: string) => process.stdout.write(`${text}\n`)

async function run(file: string): Promise<void> {
  await runInstaller(await loadInstallerConfig(file), say)
}

/** There is nothing more to say of it. */
async function check(file: string): Promise<string> {
  await loadInstallerConfig(file)
  return ''
}

process.exitCode = await runProgram({ usage, version: agentVersion, run, check }, process.argv.slice(2))
