import * as z from 'zod/mini'
import { duration, plainName, port } from '#shared/config/fields.ts'
import { isPrefix, isRewrite, isTemplate, prefixError, rewriteError, templateError } from '../texts.ts'
import {
  comparedHeader,
  headerName,
  headerValue,
  hostName,
  hostPattern,
  ruledHeader,
  serviceNames,
  size,
  whole,
} from './names.ts'
import { RatePart } from './rate.ts'

const path = () => z.string().check(z.refine(isPrefix, { error: prefixError }))
const conditionError = 'expected a text that it must be, or true or false for whether it must be there'
export const condition = (value: () => z.ZodMiniType<string>) =>
  z.union([value(), z.boolean()], { error: conditionError })
export const firstValue = () =>
  z.string().check(
    z.regex(/^[\x21-\x2b\x2d-\x7e](?:[\x20-\x2b\x2d-\x7e]{0,198}[\x21-\x2b\x2d-\x7e])?$/, {
      error: 'expected printable ASCII without a comma',
    }),
  )
const rawValue = () =>
  z
    .string()
    .check(z.regex(/^[A-Za-z0-9._~%!$'()*+,;:@/-]{0,200}$/, { error: 'expected the text as it stands in a URL' }))
const parameterName = () =>
  z.string().check(z.regex(/^[A-Za-z0-9._~-]{1,60}$/, { error: 'expected the name of a query parameter' }))
const method = () => z.string().check(z.regex(/^[A-Z]{1,20}$/, { error: 'expected a method such as "GET"' }))

const ChoicePart = z.strictObject({ service: serviceNames(), weight: whole(1, 1000) })

const RedirectPart = z
  .strictObject({
    status: z._default(
      z.union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)], {
        error: 'expected 301, 302, 307 or 308',
      }),
      308,
    ),
    scheme: z.optional(z.enum(['http', 'https'], { error: 'expected "http" or "https"' })),
    host: z.optional(hostName()),
    port: z.optional(port()),
    path: z.optional(path()),
  })
  .check(
    z.refine(({ scheme, host, port, path }) => [scheme, host, port, path].some((part) => part !== undefined), {
      error: 'say what is to be another: scheme, host, port or path',
    }),
  )

const AnswerPart = z
  .strictObject({
    status: whole(200, 599).check(
      z.refine((status) => status < 300 || status > 399, { error: 'say redirect for a status of 300 to 399' }),
    ),
    content_type: z._default(
      z.string().check(
        z.regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/, {
          error: 'expected a content type such as "text/plain"',
        }),
      ),
      'text/plain',
    ),
    body: z._default(z.string().check(z.maxLength(2000, { error: 'expected at most 2000 characters' })), ''),
  })
  .check(
    z.refine(({ status, body }) => body === '' || (status !== 204 && status !== 304), {
      path: ['body'],
      error: 'an answer with this status has no body',
    }),
  )

const originError = 'expected an origin such as "https://app.example.com", or "*" alone'
const CorsPart = z
  .strictObject({
    origins: z
      .array(z.string().check(z.regex(/^(?:\*|https?:\/\/[a-z0-9.-]+(?::\d{1,5})?)$/, { error: originError })))
      .check(z.minLength(1, { error: originError })),
    methods: z._default(z.array(method()), ['GET', 'HEAD', 'POST']),
    headers: z._default(z.array(headerName()), []),
    expose: z._default(z.array(headerName()), []),
    credentials: z._default(z.boolean(), false),
    max_age: z._default(duration(1000), 600_000),
  })
  .check(
    z.refine(({ origins }) => !origins.includes('*') || origins.length === 1, {
      path: ['origins'],
      error: originError,
    }),
    z.refine(({ origins, credentials }) => !credentials || !origins.includes('*'), {
      path: ['credentials'],
      error: 'browsers send credentials only where the origins are named',
    }),
  )

const HeaderRulesPart = z.strictObject({
  set: z._default(z.record(ruledHeader(), headerValue()), {}),
  remove: z._default(z.array(ruledHeader()), []),
})

/** What a route says; how its parts go together is checked by `route-rules.ts`. */
export const RoutePart = z.strictObject({
  name: z.optional(plainName()),
  /** On which gateways; all of them if left out. */
  gateways: z.optional(z.array(z.string()).check(z.minLength(1, { error: 'expected at least one gateway' }))),
  /** Only on listeners of these clients. */
  clients: z._default(z.array(plainName()), []),
  hosts: z._default(z.array(hostPattern()), []),
  exact: z.optional(path()),
  prefix: z.optional(path()),
  template: z.optional(z.string().check(z.refine(isTemplate, { error: templateError }))),
  methods: z._default(z.array(method()), []),
  headers: z._default(z.record(comparedHeader(), condition(firstValue)), {}),
  query: z._default(z.record(parameterName(), condition(rawValue)), {}),

  service: z.optional(serviceNames()),
  services: z.optional(z.array(ChoicePart).check(z.minLength(2, { error: 'expected at least two services' }))),
  redirect: z.optional(RedirectPart),
  answer: z.optional(AnswerPart),

  path: z.optional(
    z.union(
      [
        z.enum(['strip', 'keep']),
        z.strictObject({ rewrite: z.string().check(z.refine(isRewrite, { error: rewriteError })) }),
      ],
      {
        error:
          'say what becomes of the path: "strip" takes the prefix off, "keep" leaves it, { rewrite: /other } replaces it',
      },
    ),
  ),
  timeout: z._default(
    z.union([duration(1), z.literal('none')], { error: 'expected a duration such as "15s", or "none" for streams' }),
    15_000,
  ),
  retries: z._default(whole(0, 5), 1),
  websocket: z._default(z.boolean(), true),
  mirror: z.optional(z.strictObject({ service: serviceNames(), percent: z._default(whole(1, 100), 100) })),

  /** The name of an authenticator, or "open"; as the gateway says if left out. */
  auth: z.optional(z.string()),
  permissions: z._default(
    z.array(
      z
        .string()
        .check(z.regex(/^[A-Za-z0-9:._/-]{1,100}$/, { error: 'expected a permission such as "cluster:manage"' })),
    ),
    [],
  ),
  rate: z.optional(RatePart),
  cors: z.optional(CorsPart),
  max_body: z.optional(size()),
  request_headers: z.prefault(HeaderRulesPart, {}),
  response_headers: z.prefault(HeaderRulesPart, {}),
})
export type RoutePart = z.infer<typeof RoutePart>
