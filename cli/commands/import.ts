import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { importConfig } from '../import/import-config.ts'
import type { OpenSession } from '../session.ts'
import { showImport } from '../show/import.ts'
import { examples } from './examples.ts'
import { addImportRegistry } from './import-registry.ts'
import { addImportRoutes } from './import-routes.ts'

type Options = { readonly out?: string; readonly prefer: readonly string[]; readonly force?: boolean }

export function addImport(program: Command, open: OpenSession): void {
  const group = program
    .command('import')
    .description('makes configuration of what other systems left behind, and takes over their registry')
  group
    .command('config')
    .argument('<files...>', 'former cluster files (YAML, JSON) and inventories of nodes (YAML, JSON, CSV)')
    .description(
      'makes configuration of the plane and of each agent; nothing is written while files contradict each other',
    )
    .option('--out <folder>', 'where to write; without it only shows what would be written')
    .option(
      '--prefer <file>',
      'whose word stands in a contradiction; may be given several times, the first counts most',
      collect,
      [],
    )
    .option('--force', 'replace files that are there already', false)
    .addHelpText(
      'after',
      examples(
        'heddle import config cluster-a.yaml cluster-b.yaml inventory.csv',
        'heddle import config *.yaml --prefer cluster-a.yaml --out ./heddle',
      ),
    )
    .action(async (files: readonly string[], { out, prefer, force = false }: Options, command: Command) => {
      const session = open(command)
      const imported = await importConfig(files, { out, prefer, force })
      session.print(imported, showImport)
      if (imported.contradictions.length > 0 || imported.problems.length > 0) session.exitWith(exitCodes.failed)
    })
  addImportRoutes(group, open)
  addImportRegistry(group, open)
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}
