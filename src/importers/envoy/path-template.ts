/**
 * URI templates of routes (`/users/{id}/**`) as regular expressions, and rewrites by their names.
 *
 * Source: Envoy v3 API, extensions/path/{match,rewrite}/uri_template; policy-engine.md §8.1.
 */
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';

const PREFIX = 'envoy.extensions.path.';
const MATCH = `${PREFIX}match.uri_template.v3.UriTemplateMatchConfig`;
const REWRITE = `${PREFIX}rewrite.uri_template.v3.UriTemplateRewriteConfig`;

const SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]+";
const REST = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=/]*";

/** `path_match_policy` as RE2; undefined = there is none. */
export function readPathTemplate(fields: Fields): string | undefined {
  const text = templateText(fields, 'path_match_policy', MATCH, 'path_template');
  return text === undefined ? undefined : templateRegex(text).regex;
}

/** `path_rewrite_policy` for a route that matches by a template. */
export function readTemplateRewrite(
  fields: Fields,
  match: string | undefined,
): { pattern: string; substitution: string } | undefined {
  const text = templateText(fields, 'path_rewrite_policy', REWRITE, 'path_template_rewrite');
  if (text === undefined || match === undefined) return undefined;
  const { regex, names } = templateRegex(match);
  const substitution = text.replace(/\{(\w+)\}/g, (_all, name: string) => {
    return `\\${names.indexOf(name) + 1}`;
  });
  return { pattern: `^${regex}$`, substitution };
}

/** The template that a route's match says. */
export function templateOf(match: Fields | undefined): string | undefined {
  const policy = match?.get('path_match_policy');
  return policy?.get('typed_config')?.get('path_template')?.string();
}

function templateText(
  fields: Fields,
  name: string,
  type: string,
  field: string,
): string | undefined {
  const policy = fields.message(name, 'TypedExtensionConfig');
  if (policy === undefined) return undefined;
  policy.ignore('name');
  const typed = typedConfigOf(policy);
  policy.close();
  if (typed === undefined) return undefined;
  if (typed.type !== type) {
    refuseExtension(typed, 'the path extension');
    return undefined;
  }
  const text = typed.fields.text(field) ?? '';
  typed.fields.close();
  return text;
}

/** `*` is a segment, `**` the rest; `{name}` and `{name=*}` are segments with a name. */
function templateRegex(template: string): { regex: string; names: readonly string[] } {
  const names: string[] = [];
  const regex = template.replace(
    /\{(\w+)(?:=([^}]*))?\}|\*\*|\*|[^*{]+/g,
    (part, name: string | undefined, inner: string | undefined) => {
      if (name !== undefined) {
        names.push(name);
        return `(${inner === undefined ? SEGMENT : plainRegex(inner)})`;
      }
      return plainRegex(part);
    },
  );
  return { regex, names };
}

function plainRegex(text: string): string {
  return text.replace(/\*\*|\*|[^*]+/g, (part) => {
    if (part === '**') return REST;
    return part === '*' ? SEGMENT : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
}
