/**
 * Heads: one class for both worlds, so that the engine's call sites stay monomorphic.
 *
 * The real proxy makes a fresh `HttpHead` per message (shape 0). The simulator interns them through
 * a `HeadInterner`: equal heads are one object with a positive shape, and `with` remembers what it
 * made for an `edits` object, so a head per attempt costs a map look-up and no memory.
 */
import type { Head, HeadEdits, HeaderList } from './engine.ts';

const GRPC_TYPE = /^application\/grpc(?:$|\+)/;

/** What a head is made from; everything but the kind-specific part may be left out. */
export interface HeadFields {
  readonly method?: string;
  readonly authority?: string;
  readonly path?: string;
  readonly status?: number;
  readonly upgrade?: string;
  readonly bodyBytes?: number;
  readonly headers?: HeaderList;
}

export class HttpHead implements Head {
  readonly shape: number;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly status: number;
  readonly upgrade: string;
  readonly bodyBytes: number;
  readonly headers: HeaderList;
  private readonly interner: HeadInterner | null;
  private readonly made: Map<HeadEdits, HttpHead> | null;

  constructor(fields: HeadFields, shape = 0, interner: HeadInterner | null = null) {
    this.shape = shape;
    this.method = fields.method ?? '';
    this.authority = fields.authority ?? '';
    this.path = fields.path ?? '';
    this.status = fields.status ?? 0;
    this.upgrade = fields.upgrade ?? '';
    this.bodyBytes = fields.bodyBytes ?? 0;
    this.headers = fields.headers ?? [];
    this.interner = interner;
    this.made = interner === null ? null : new Map();
  }

  get(name: string): string | undefined {
    let found: string | undefined;
    for (const [key, value] of this.headers) {
      if (key === name) found = found === undefined ? value : `${found},${value}`;
    }
    return found;
  }

  values(name: string): readonly string[] {
    return this.headers.filter(([key]) => key === name).map(([, value]) => value);
  }

  with(edits: HeadEdits): HttpHead {
    const known = this.made?.get(edits);
    if (known !== undefined) return known;
    const fields = edited(this, edits);
    const head = this.interner === null ? new HttpHead(fields) : this.interner.intern(fields);
    this.made?.set(edits, head);
    return head;
  }
}

/** Gives equal heads one object and one positive shape. One interner per run. */
export class HeadInterner {
  private readonly byKey = new Map<string, HttpHead>();

  intern(fields: HeadFields): HttpHead {
    const key = JSON.stringify([
      fields.method ?? '',
      fields.authority ?? '',
      fields.path ?? '',
      fields.status ?? 0,
      fields.upgrade ?? '',
      fields.bodyBytes ?? 0,
      fields.headers ?? [],
    ]);
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const head = new HttpHead(fields, this.byKey.size + 1, this);
    this.byKey.set(key, head);
    return head;
  }
}

function edited(head: Head, edits: HeadEdits): HeadFields {
  const removed = new Set([...(edits.remove ?? []), ...(edits.set ?? []).map(([name]) => name)]);
  return {
    method: edits.method ?? head.method,
    authority: edits.authority ?? head.authority,
    path: edits.path ?? head.path,
    status: edits.status ?? head.status,
    upgrade: head.upgrade,
    bodyBytes: head.bodyBytes,
    headers: [
      ...head.headers.filter(([name]) => !removed.has(name)),
      ...(edits.set ?? []),
      ...(edits.append ?? []),
    ],
  };
}

/** Whether a request speaks gRPC; `application/grpc-web` does not. Source: Envoy, grpc/common. */
export function isGrpc(head: Head): boolean {
  return GRPC_TYPE.test(head.get('content-type') ?? '');
}
