import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import { RequestIdentity } from '../../src/proxy/request-identity.ts';

describe('request identity', () => {
  it('is a function of the seed and of the number of the request', () => {
    const a = new RequestIdentity(new Draws('7'));
    const b = new RequestIdentity(new Draws('7'));
    const uids = [a.nextUid(), a.nextUid(), a.nextUid()];
    expect([b.nextUid(), b.nextUid(), b.nextUid()]).toEqual(uids);
    expect(new Set(uids).size).toBe(3);
    expect(new RequestIdentity(new Draws('8')).nextUid()).not.toBe(uids[0]);
  });

  it('makes ids that are UUIDs of version 4', () => {
    const identity = new RequestIdentity(new Draws('7'));
    const ids = Array.from({ length: 50 }, () => identity.requestId(identity.nextUid()));
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});
