/**
 * Makes messages of Envoy's API as JSON: fields without a value are absent, defaults are not written.
 *
 * Source: Envoy v3 API; protocol buffers' JSON mapping (durations, wrappers, enumerations).
 */

/** A message as JSON; keys in snake_case. */
export interface Message {
  readonly [field: string]: unknown;
}

const EXTENSIONS = 'type.googleapis.com/envoy.extensions.';

/** Without the fields that are undefined. */
export function message(fields: Message): Message {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Nothing where no field has a value. */
export function unlessEmpty(fields: Message): Message | undefined {
  const made = message(fields);
  return Object.keys(made).length === 0 ? undefined : made;
}

/** `0.25s`; undefined stays so. Whole milliseconds. */
export function duration(ms: number): string;
export function duration(ms: number | undefined): string | undefined;
export function duration(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms / 1_000}s`;
}

/** The value, or undefined where it is the default anyway. */
export function unless<T>(value: T, byDefault: T): T | undefined {
  return value === byDefault ? undefined : value;
}

/** Yes, or nothing. */
export function flag(value: boolean | undefined): true | undefined {
  return value === true ? true : undefined;
}

/** The list, or nothing when it is empty. */
export function filled<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

/** Of anything that is there. */
export function given<T, R>(value: T | null | undefined, make: (value: T) => R): R | undefined {
  return value === null || value === undefined ? undefined : make(value);
}

/** What `typed_config` holds. @param type below `envoy.extensions.` */
export function typed(type: string, fields: Message = {}): Message {
  return { '@type': `${EXTENSIONS}${type}`, ...message(fields) };
}

/** A named extension with its configuration. */
export function extension(name: string, type: string, fields: Message = {}): Message {
  return { name, typed_config: typed(type, fields) };
}

/** `Percent`. */
export function percent(value: number): Message {
  return { value };
}

/** An address with a port, `[::1]:80` included. */
export function socketAddress(host: string, port: number): Message {
  return { socket_address: { address: host, port_value: port } };
}

/** `ip:port` → an address. */
export function addressOf(text: string): Message {
  const at = text.lastIndexOf(':');
  return socketAddress(text.slice(0, at).replace(/^\[|\]$/g, ''), Number(text.slice(at + 1)));
}

/** `10.0.0.0/8` → a range. */
export function cidrRange(text: string): Message {
  const at = text.lastIndexOf('/');
  return { address_prefix: text.slice(0, at), prefix_len: Number(text.slice(at + 1)) };
}
