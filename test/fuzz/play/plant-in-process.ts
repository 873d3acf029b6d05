import { plant, plantVariable, readPlant } from './planted.ts'

// To be imported before a program of ours, which then has something broken in it.
const text = process.env[plantVariable]
if (text !== undefined) plant(readPlant(text))
