/**
 * `access_log` of a connection manager: files with a text format.
 *
 * Source: Envoy v3 API, extensions/access_loggers/file/v3.
 */
import type { Fields } from './fields.ts';
import { refuseExtension, typedConfigOf } from './fields.ts';

const FILE = 'envoy.extensions.access_loggers.file.v3.FileAccessLog';
const STDOUT = 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog';

/** A log that the bootstrap asks for. */
export interface AccessLogPlan {
  /** null = standard output. */
  readonly path: string | null;
  /** Envoy's command operators; null = Envoy's default format. */
  readonly format: string | null;
}

export function readAccessLogs(manager: Fields): AccessLogPlan[] {
  return manager.messages('access_log', 'AccessLog').flatMap((log) => {
    log.ignore('name');
    const typed = typedConfigOf(log);
    log.close();
    if (typed === undefined) return [];
    if (typed.type !== FILE && typed.type !== STDOUT) {
      refuseExtension(typed, 'the access logger');
      return [];
    }
    const { fields } = typed;
    const path = typed.type === FILE ? (fields.text('path') ?? '') : null;
    const format = readFormat(fields);
    fields.close();
    return [{ path, format }];
  });
}

function readFormat(fields: Fields): string | null {
  const format = fields.message('log_format', 'SubstitutionFormatString');
  const source = format?.message('text_format_source', 'DataSource');
  const text = source?.text('inline_string') ?? format?.text('text_format') ?? null;
  source?.close();
  format?.close();
  return text;
}
