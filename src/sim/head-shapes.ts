/**
 * Heads by number: a message under way is one int32 in a column instead of an object.
 *
 * Heads of a simulation are interned and bear a positive shape. One that does not (made outside the
 * run's interner) is interned here when it first crosses.
 */
import type { Head } from '../core/engine.ts';
import type { HeadFields, HeadInterner } from '../core/head.ts';

export class HeadShapes {
  private readonly interner: HeadInterner;
  /** Indexed by shape; 0 is not used. */
  private readonly heads: Head[];
  /** Heads with a body that came apart from them, by `shape:bytes`. */
  private readonly withBodies: Map<string, number>;

  constructor(interner: HeadInterner) {
    this.interner = interner;
    this.heads = [interner.intern({})];
    this.withBodies = new Map();
  }

  intern(fields: HeadFields): number {
    return this.shapeOf(this.interner.intern(fields));
  }

  /** The number that stands for a head until `headOf`. */
  shapeOf(head: Head): number {
    const shape = head.shape;
    if (shape > 0 && this.heads[shape] === head) return shape;
    return this.learn(head);
  }

  headOf(shape: number): Head {
    return this.heads[shape]!;
  }

  /** The same head with `bytes` more of body; for messages whose body was sent apart. */
  withBody(shape: number, bytes: number): number {
    if (bytes === 0) return shape;
    const key = `${shape}:${bytes}`;
    const known = this.withBodies.get(key);
    if (known !== undefined) return known;
    const head = this.headOf(shape);
    const made = this.intern({ ...fieldsOf(head), bodyBytes: head.bodyBytes + bytes });
    this.withBodies.set(key, made);
    return made;
  }

  private learn(head: Head): number {
    const interned = head.shape > 0 ? head : this.interner.intern(fieldsOf(head));
    while (this.heads.length <= interned.shape) this.heads.push(interned);
    this.heads[interned.shape] = interned;
    return interned.shape;
  }
}

function fieldsOf(head: Head): HeadFields {
  return {
    method: head.method,
    authority: head.authority,
    path: head.path,
    status: head.status,
    upgrade: head.upgrade,
    bodyBytes: head.bodyBytes,
    headers: head.headers,
  };
}
