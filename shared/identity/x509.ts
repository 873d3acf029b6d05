// The library asks for this when it is loaded, and does not bring it.
import 'reflect-metadata'

// It takes some 25 MiB and a tenth of a second: only what reads or makes certificates imports it.
export * from '@peculiar/x509'
