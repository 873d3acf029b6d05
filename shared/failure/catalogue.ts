/** One entry of the catalogue: what the failure means in general, and what to do about it in general. */
export type CatalogueEntry = { readonly title: string; readonly remedy: string }

/**
 * Every failure that Heddle can name. docs/failures.md lists the same codes with the same remedies; a test compares them.
 * Keep the entries in the order of the alphabet.
 */
export const catalogue = {
  CONFIG_INVALID: {
    title: 'A configuration file or environment variable is not valid.',
    remedy: 'Correct the places named, each with file, line and path.',
  },
  CONFIG_UNREADABLE: {
    title: 'A configuration file could not be read.',
    remedy: 'Check that the file exists and that the user of the process may read it.',
  },
  PART_MISSING: {
    title: 'A program that Heddle needs is not on this machine.',
    remedy: 'Run `npm run setup`.',
  },
  PORT_TAKEN: {
    title: 'A port that Heddle needs is already in use.',
    remedy: 'Stop its owner, named in the message, or configure another port.',
  },
} as const satisfies Record<string, CatalogueEntry>

export type FailureCode = keyof typeof catalogue
