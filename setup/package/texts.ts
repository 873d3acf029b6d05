import { join } from 'node:path'
import type { Package } from './packages.ts'

/** What Node 26 as it is published for Linux is linked to, and Debian's names of it. */
const libraries = ['libc6 (>= 2.28)', 'libstdc++6 (>= 7)', 'libgcc-s1', 'libatomic1']

/** Versions sort as they are meant to: 1.0.0-rc.1 stands before 1.0.0. */
export function debianVersion(version: string): string {
  return version.replaceAll('-', '~')
}

/** The control file. @param installedKib of all files */
export function controlText(
  { name, summary, description, user, units }: Package,
  { version, architecture, installedKib }: { version: string; architecture: string; installedKib: number },
): string {
  const depends = [
    ...libraries,
    ...(user ? ['passwd'] : []),
    ...(units.length > 0 ? ['init-system-helpers (>= 1.54~)'] : []),
  ]
  const fields = {
    Package: name,
    Version: debianVersion(version),
    Architecture: architecture,
    Maintainer: 'Heddle maintainers <maintainers@heddle.example>',
    'Installed-Size': String(installedKib),
    Depends: depends.join(', '),
    ...(name === 'heddle-plane' ? { Suggests: 'heddle-cli, heddle-agent' } : {}),
    Section: 'admin',
    Priority: 'optional',
    Description: `${summary}\n${wrapped(description, 78)
      .map((line) => ` ${line}`)
      .join('\n')}`,
  }
  return `${Object.entries(fields)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')}\n`
}

export function conffilesText({ configuration }: Package): string {
  return configuration.map((name) => `/etc/heddle/${name}\n`).join('')
}

/** The script in /usr/bin. `exec` keeps the process's number, which systemd watches. */
export function wrapperText({ name, program, environment }: Package): string {
  const home = `/usr/lib/${name}`
  const set = Object.entries(environment).map(([key, value]) => `${key}=${value}`)
  const command = [`${home}/bin/node`, ...program.options, join(home, program.bundle), '"$@"'].join(' ')
  // What another program's Node is to load has no business here.
  return `#!/bin/sh\nunset NODE_OPTIONS NODE_PATH\n${set.length > 0 ? `export ${set.join(' ')}\n` : ''}exec ${command}\n`
}

export function changelogText({ name }: Package, version: string, epochSeconds: number): string {
  const when = new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000')
  const signed = ' -- Heddle maintainers <maintainers@heddle.example>'
  return `${name} (${debianVersion(version)}) unstable; urgency=medium\n\n  * This release.\n\n${signed}  ${when}\n`
}

export function copyrightText(): string {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: heddle

Files: *
Copyright: the Heddle authors
License: Apache-2.0
 On Debian systems the whole text is in /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/*/bin/node
Copyright: Node.js contributors and others
License: node
 The whole text, with those of all that Node.js consists of, is in node.LICENSE.gz beside this file.

Comment: the bundles hold packages of npm, whose licences are in third-party-licences.gz beside this file.
`
}

/** A page of the manual out of what the program says of itself. */
export function manualText({ program, summary, section, configuration }: Package, usage: string, date: Date): string {
  const { word } = program
  const escaped = usage
    .replaceAll('\\', '\\e')
    .replaceAll(/^([.'])/gm, '\\&$1')
    .replaceAll('-', '\\-')
  const files = configuration.map((name) => `.TP\n.I /etc/heddle/${name}\nits configuration`)
  return [
    `.TH ${word.toUpperCase()} ${section} ${date.toISOString().slice(0, 10)} Heddle`,
    `.SH NAME\n${word} \\- ${summary}`,
    `.SH SYNOPSIS\n.nf\n${escaped.trimEnd()}\n.fi`,
    ...(files.length > 0 ? [`.SH FILES\n${files.join('\n')}`] : []),
    '',
  ].join('\n')
}

/** Lines of at most so many characters. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
