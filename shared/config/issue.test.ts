import t from 'tap'
import * as z from 'zod/mini'
import { flatIssues, issueText } from './issue.ts'

const kinds = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), path: z.string() }),
  z.strictObject({ kind: z.literal('tcp'), port: z.int() }),
])
const shortOrLong = z.union([z.string(), z.strictObject({ path: z.string(), every: z.number() })])

for (const { name, schema, value, told } of [
  { name: 'a text', schema: z.string(), value: 1, told: ['expected a text'] },
  { name: 'a number', schema: z.number(), value: 'x', told: ['expected a number'] },
  { name: 'a whole number', schema: z.int(), value: 1.5, told: ['expected a whole number'] },
  { name: 'yes or no', schema: z.boolean(), value: 'x', told: ['expected true or false'] },
  { name: 'a list', schema: z.array(z.string()), value: 'x', told: ['expected a list'] },
  { name: 'an object', schema: z.strictObject({}), value: 'x', told: ['expected keys with values'] },
  { name: 'a map', schema: z.record(z.string(), z.string()), value: 'x', told: ['expected keys with values'] },
  { name: 'a date', schema: z.date(), value: 'x', told: ['expected date'] },
  { name: 'a word', schema: z.literal('x'), value: 'y', told: ['expected "x"'] },
  { name: 'one of two words', schema: z.enum(['a', 'b']), value: 'y', told: ['expected "a" or "b"'] },
  { name: 'one of three', schema: z.literal(['a', 'b', 3]), value: 'y', told: ['expected "a", "b" or 3'] },
  {
    name: 'a text that is there',
    schema: z.string().check(z.minLength(1)),
    value: '',
    told: ['expected at least 1 character'],
  },
  {
    name: 'a short text',
    schema: z.string().check(z.maxLength(3)),
    value: 'abcd',
    told: ['expected at most 3 characters'],
  },
  {
    name: 'a short list',
    schema: z.array(z.int()).check(z.maxLength(2)),
    value: [1, 2, 3],
    told: ['expected at most 2 entries'],
  },
  {
    name: 'a list with something',
    schema: z.array(z.int()).check(z.minLength(1)),
    value: [],
    told: ['expected at least 1 entry'],
  },
  { name: 'a number in bounds', schema: z.number().check(z.gte(1)), value: 0, told: ['expected at least 1'] },
  { name: 'a number under a bound', schema: z.number().check(z.lt(1)), value: 1, told: ['expected less than 1'] },
  { name: 'a multiple', schema: z.number().check(z.multipleOf(5)), value: 3, told: ['expected a multiple of 5'] },
  { name: 'a pattern', schema: z.string().check(z.regex(/^a$/)), value: 'b', told: ['expected a text like /^a$/'] },
  {
    name: 'a path',
    schema: z.string().check(z.startsWith('/')),
    value: 'b',
    told: ['expected a text that starts with "/"'],
  },
  { name: 'a URL', schema: z.url(), value: 'b', told: ['expected a URL'] },
  { name: 'a UUID', schema: z.uuid(), value: 'b', told: ['expected a text of the form uuid'] },
  { name: 'a time', schema: z.iso.datetime(), value: 'b', told: ['expected a time such as "2026-03-01T10:00:00Z"'] },
  { name: 'known keys', schema: z.strictObject({}), value: { a: 1, b: 2 }, told: ['unknown keys a, b'] },
  {
    name: 'keys of a form',
    schema: z.record(z.string().check(z.regex(/^x/)), z.int()),
    value: { a: 1 },
    told: ['a: not a valid key: expected a text like /^x/'],
  },
  { name: 'a check of its own', schema: z.string().check(z.refine(() => false)), value: 'x', told: ['not valid'] },
  {
    name: 'words of its own',
    schema: z.string().check(z.refine(() => false, { error: 'expected something else' })),
    value: 'x',
    told: ['expected something else'],
  },
  { name: 'a kind', schema: kinds, value: { kind: 'icmp' }, told: ['kind: expected "http" or "tcp"'] },
  {
    name: 'what belongs to the kind',
    schema: kinds,
    value: { kind: 'tcp', port: 'x' },
    told: ['port: expected a number'],
  },
  { name: 'one of two forms', schema: shortOrLong, value: 5, told: ['expected a text, or keys with values'] },
  {
    name: 'the form that it resembles',
    schema: shortOrLong,
    value: { path: '/', every: 'x' },
    told: ['every: expected a number'],
  },
  {
    name: 'the form that it resembles, inside another',
    schema: z.array(z.union([z.int(), shortOrLong])),
    value: [1, { path: 2, every: 3 }],
    told: ['1.path: expected a text'],
  },
  {
    name: 'a text with an end',
    schema: z.union([z.int(), z.string().check(z.maxLength(1))]),
    value: 'long',
    told: ['expected at most 1 character'],
  },
]) {
  t.test(`where ${name} was expected, that is said`, async (t) => {
    const issues = flatIssues(z.safeParse(schema, value).error?.issues ?? [])
    t.strictSame(
      issues.map((issue) => [...(issue.path.length > 0 ? [issue.path.join('.')] : []), issueText(issue)].join(': ')),
      told,
    )
  })
}
