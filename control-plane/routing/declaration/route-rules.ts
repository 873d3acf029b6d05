import type { RoutePart } from './schema.ts'
import { templateNames } from './texts.ts'

/** Envoy's regular expressions know so many groups. */
const mostRewritten = 9

/** `at`: the key of the route that is wrong; undefined: the route as a whole. */
export type RuleBroken = { readonly at: keyof RoutePart | undefined; readonly message: string }

/** What is right in each key of a route but not together. */
export function rulesBroken(part: RoutePart): readonly RuleBroken[] {
  return [...matchRules(part), ...actionRules(part), ...pathRules(part), ...accessRules(part), ...corsRules(part)]
}

function matchRules({ exact, prefix, template }: RoutePart): readonly RuleBroken[] {
  const said = [exact, prefix, template].filter((each) => each !== undefined).length
  return said === 1 ? [] : [broken(undefined, 'say one of prefix, exact or template')]
}

function actionRules({ service, services, redirect, answer }: RoutePart): readonly RuleBroken[] {
  const said = [service, services, redirect, answer].filter((each) => each !== undefined).length
  return said === 1 ? [] : [broken(undefined, 'say one of service, services, redirect or answer')]
}

function pathRules(part: RoutePart): readonly RuleBroken[] {
  const { path, prefix, template, redirect, answer, mirror } = part
  if (redirect !== undefined || answer !== undefined) {
    return [
      ...(path === undefined ? [] : [broken('path', 'this route leads to no service')]),
      ...(mirror === undefined ? [] : [broken('mirror', 'this route leads to no service')]),
    ]
  }
  if (path === undefined) {
    // For anything but a prefix there is only one thing that people expect.
    return prefix === undefined
      ? []
      : [broken('path', 'required: "strip" takes the prefix off, "keep" leaves it, { rewrite: /other } replaces it')]
  }
  if (path === 'strip') return prefix === undefined ? [broken('path', 'only a prefix can be stripped')] : []
  if (path === 'keep') return []
  if (templateNames(path.rewrite).length > mostRewritten) {
    return [broken('path', `a rewritten path can name at most ${mostRewritten} parts`)]
  }
  const known = new Set(template === undefined ? [] : templateNames(template))
  const unknown = templateNames(path.rewrite).filter((name) => !known.has(name))
  return unknown.map((name) => broken('path', `the route has no part "{${name}}"`))
}

function accessRules({ auth, permissions }: RoutePart): readonly RuleBroken[] {
  return auth === 'open' && permissions.length > 0
    ? [broken('permissions', 'a route that is open cannot ask for permissions')]
    : []
}

/** A browser asks leave by OPTIONS: a route that does not take it would never be asked. */
function corsRules({ cors, methods }: RoutePart): readonly RuleBroken[] {
  return cors === undefined || methods.length === 0 || methods.includes('OPTIONS')
    ? []
    : [broken('methods', 'a route with cors is asked by OPTIONS too: name it')]
}

function broken(at: RuleBroken['at'], message: string): RuleBroken {
  return { at, message }
}
