/**
 * `http[].rewrite` and `http[].redirect`: new paths and hosts.
 *
 * Source: config-istio.md §2.10 (meaning), §2.14 VS-24, VS-27.
 */
import type { RedirectSettings, RewriteSettings } from '../mesh-resources.ts';
import { type Message, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import { regexRewriteProblem } from '../regex-rewrite.ts';
import type { SourceNode } from '../source-node.ts';

const REWRITE = readFields('uri', 'authority', 'uriRegexRewrite');
const REGEX = readFields('match', 'rewrite');
const REDIRECT = readFields(
  'uri',
  'prefixRewrite',
  'authority',
  'port',
  'derivePort',
  'scheme',
  'redirectCode',
);
const DERIVE_PORT = ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'] as const;
const STATUSES = [301, 302, 303, 307, 308] as const;
const DEFAULT_STATUS = 301;

export function readRewrite(node: SourceNode): RewriteSettings | undefined {
  const message = openMessage(node, REWRITE, 'VirtualService.http.rewrite');
  if (message === undefined) return undefined;
  const uri = message.get('uri');
  const regex = message.get('uriRegexRewrite');
  const authority = message.get('authority')?.string() || undefined;
  if (uri !== undefined && regex !== undefined) {
    uri.keyError('MQ-ROUTE-018', 'a rewrite has either uri or uriRegexRewrite');
  } else if (uri === undefined && regex === undefined && authority === undefined) {
    node.error('MQ-ROUTE-018', 'a rewrite needs uri, uriRegexRewrite or authority');
  }
  const path = uri === undefined ? readRegex(regex) : prefixTo(uri);
  return { at: message.at, ...withoutAbsent({ path, authority }) };
}

function prefixTo(node: SourceNode): RewriteSettings['path'] {
  const value = node.string() ?? '';
  return value === '' ? undefined : { kind: 'prefix', value };
}

function readRegex(node: SourceNode | undefined): RewriteSettings['path'] {
  const message =
    node === undefined
      ? undefined
      : openMessage(node, REGEX, 'VirtualService.http.uriRegexRewrite');
  if (node === undefined || message === undefined) return undefined;
  const pattern = message.get('match')?.string() ?? '';
  const substitution = message.get('rewrite')?.string() ?? '';
  const problem =
    pattern === '' || substitution === ''
      ? 'uriRegexRewrite needs match and rewrite'
      : regexRewriteProblem(pattern, substitution);
  if (problem === null) return { kind: 'regex', pattern, substitution };
  node.error('MQ-ROUTE-018', problem);
  return undefined;
}

export function readRedirect(node: SourceNode): RedirectSettings | undefined {
  const message = openMessage(node, REDIRECT, 'VirtualService.http.redirect');
  if (message === undefined) return undefined;
  checkRedirect(message);
  const derive = message.get('derivePort')?.oneOf(DERIVE_PORT);
  const port = message.get('port')?.integer(0, 65_535);
  const whole = message.get('uri')?.string() || undefined;
  const prefix = message.get('prefixRewrite')?.string() || undefined;
  return {
    at: message.at,
    status: readStatus(message.get('redirectCode')),
    scheme: message.get('scheme')?.oneOf(['http', 'https']) ?? '',
    host: message.get('authority')?.string() ?? '',
    port: derive === 'FROM_REQUEST_PORT' ? 'listener' : (port ?? 0),
    path:
      whole !== undefined
        ? { kind: 'whole', value: whole }
        : prefix !== undefined
          ? { kind: 'prefix', value: prefix }
          : null,
  };
}

function checkRedirect(message: Message): void {
  if (message.has('uri') && message.has('prefixRewrite')) {
    message.get('uri')?.keyError('MQ-ROUTE-019', 'a redirect has either uri or prefixRewrite');
  }
  if (message.has('port') && message.has('derivePort')) {
    message.get('port')?.keyError('MQ-ROUTE-019', 'a redirect has either port or derivePort');
  }
  if (message.names().every((name) => name === 'redirectCode')) {
    message.node.error('MQ-ROUTE-019', 'a redirect needs to say what is another there');
  }
}

function readStatus(node: SourceNode | undefined): RedirectSettings['status'] {
  const status = node?.integer();
  if (node === undefined || status === undefined || status === 0) return DEFAULT_STATUS;
  const known = STATUSES.find((item) => item === status);
  if (known === undefined) {
    const list = STATUSES.join(', ');
    node.error('MQ-ROUTE-019', `redirectCode is ${status}, expected one of ${list}`, {
      why: 'istiod drops redirects with another status, and the route then does nothing',
    });
  }
  return known ?? DEFAULT_STATUS;
}
