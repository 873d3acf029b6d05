import * as z from 'zod/mini'
import { FederationMargins, FederationRule } from '../federation/policy.ts'

/** How a cluster stands. docs/federation.md has the formulas. */
export const ClusterStanding = z.object({
  name: z.string(),
  /** It has an instance that can be called: of its entry service where one is registered, else of any. */
  alive: z.boolean(),
  /** 0 to 100. */
  health: z.number(),
  /** What its AI instances have free, in whole instances: 0 or more. */
  ai_capacity: z.number(),
  /** 0 to 1; 1 where nobody has measured it. */
  load: z.number(),
})
export type ClusterStanding = z.infer<typeof ClusterStanding>

/** What a cluster's figures were made from. */
export const ClusterInputs = z.object({
  services: z.int(),
  instances: z.int(),
  /** Left out of everything: an operator took them out of service. */
  taken_out: z.int(),
  routable: z.int(),
  /** Of the routable ones: those with a warning, those whose agent is out of contact, those that are only a last resort. */
  warning: z.int(),
  out_of_contact: z.int(),
  last: z.int(),
  /** Of the routable ones: those on whose node load is measured, and those that say more of their own load than is measured. */
  measured: z.int(),
  own_word: z.int(),
  ai_instances: z.int(),
  ai_routable: z.int(),
})
export type ClusterInputs = z.infer<typeof ClusterInputs>

export const ClusterView = z.extend(ClusterStanding, {
  /** Since when it is alive, or is not. */
  since: z.string(),
  /** The service that takes requests for the whole cluster; null: none is configured. */
  entry: z.nullable(z.string()),
  inputs: ClusterInputs,
})
export type ClusterView = z.infer<typeof ClusterView>

export const decisionReasons = [
  /** The caller wants it. */
  'pinned',
  /** The caller wants another one, which is not alive: as if it had said nothing. */
  'pinned_dead',
  'higher',
  'tie',
  /** Another one (`instead`) is better, but not by enough or not for long enough. */
  'kept',
  /** The rule prefers it, and its load is under the limit. */
  'under',
  /** The rule prefers another one, whose load is not under the limit. */
  'not_under',
  'only_alive',
  /** Of the two that the rule compares only this one is alive. */
  'other_dead',
  'none_alive',
] as const

/** Which cluster answers a type of request, by which rule and from which figures. */
export const FederationDecision = z.object({
  type: z.string(),
  pin: z.string(),
  rule: z.string(),
  by: z.enum(['health', 'ai_capacity', 'load']),
  /** null: no cluster is alive. */
  cluster: z.nullable(z.string()),
  /** Tried once if it fails; null: there is no other. */
  fallback: z.nullable(z.string()),
  because: z.enum(decisionReasons),
  /** Who would answer if nothing were held on to; null: the same. */
  instead: z.nullable(z.string()),
  /** In the order of preference. */
  inputs: z.array(ClusterStanding),
})
export type FederationDecision = z.infer<typeof FederationDecision>

/** Who answers by one rule now, and since when. */
export const RuleState = z.object({ rule: z.string(), cluster: z.nullable(z.string()), since: z.string() })
export type RuleState = z.infer<typeof RuleState>

/** GET /v1/federation */
export const FederationView = z.object({
  /** In the order of preference. */
  clusters: z.array(ClusterView),
  rules: z.array(FederationRule),
  margins: FederationMargins,
  /** Of each rule, and of `other`. */
  answering: z.array(RuleState),
})
export type FederationView = z.infer<typeof FederationView>

/** GET /v1/federation/decision */
export const DecisionQuery = z.strictObject({
  type: z.string().check(z.minLength(1), z.maxLength(100)),
  pin: z._default(z.string().check(z.minLength(1), z.maxLength(63)), 'auto'),
})
export type DecisionQuery = z.output<typeof DecisionQuery>
