/**
 * Path templates of access rules: `{*}` is one segment, `{**}` the rest or anything between.
 *
 * Source: config-istio.md §10.3; Envoy, extensions/path/uri_template_lib.
 */
import { RE2JS } from 're2js';

const ONE_SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]+";
const ANYTHING = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=/]*";

/** @returns a predicate over whole paths without query */
export function compilePathTemplate(template: string): (path: string) => boolean {
  const segments = template.split('/').map((segment) => {
    if (segment === '{*}') return ONE_SEGMENT;
    return segment === '{**}' ? ANYTHING : RE2JS.quote(segment);
  });
  const regex = RE2JS.compile(segments.join('/'));
  return (path) => regex.testExact(path);
}
