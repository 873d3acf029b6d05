/** Where on its way a connection to PostgreSQL ended, by the code of its failure, and what helps. */
export function databaseTrouble(
  code: string | undefined,
  user: string,
  database: string,
): { readonly step: string; readonly remedy: string } {
  switch (code) {
    case '28P01':
      return {
        step: 'authenticate',
        remedy: `Put the password of ${user} into password_file, or set it: ALTER ROLE ${user} PASSWORD ...`,
      }
    case '28000':
      return { step: 'authenticate', remedy: `Let ${user} in from this host: pg_hba.conf of the server.` }
    case '3D000':
      return { step: 'authenticate', remedy: `Make the database: CREATE DATABASE ${database} OWNER ${user}.` }
    case '53300':
      return {
        step: 'authenticate',
        remedy: 'Raise max_connections of the server, or lower journal.postgresql.connections.',
      }
    case '57P03':
      return { step: 'answer', remedy: 'Wait until the server has started: planes do so by themselves.' }
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_HAS_EXPIRED':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        step: 'TLS',
        remedy: 'Name the authority of the server in ca_file, and ask it by a name of its certificate.',
      }
    default:
      return { step: 'answer', remedy: 'See what the server logs.' }
  }
}
