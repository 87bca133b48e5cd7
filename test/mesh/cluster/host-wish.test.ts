import { describe, expect, it } from 'vitest';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { type HostWish, isRejected, TriedPriorities } from '../../../src/mesh/cluster/host-wish.ts';
import { anEndpoint, equalHosts } from '../../helpers/hosts.ts';

const NO_WISH: HostWish = { criteria: null, priorities: null, omitsCanaries: false, omits: null };

function marked(metadata: Record<string, string | boolean>): Host {
  return new Host(anEndpoint(1, { metadata }), 0);
}

function ofPriority(priority: number): Host {
  return new Host(anEndpoint(priority, { priority }), priority);
}

describe('a host is given back', () => {
  it('when the request has tried it, from the first attempt on', () => {
    const [a, b] = equalHosts(2);
    expect(isRejected(a!, 1, [a!], null)).toBe(true);
    expect(isRejected(b!, 2, [a!], NO_WISH)).toBe(false);
    expect(isRejected(a!, 2, null, null)).toBe(false);
  });

  it('when it is a canary and retries omit those', () => {
    const wish = { ...NO_WISH, omitsCanaries: true };
    expect(isRejected(marked({ canary: true }), 2, null, wish)).toBe(true);
    expect(isRejected(marked({ canary: true }), 1, null, wish)).toBe(false);
    expect(isRejected(marked({ canary: 'true' }), 2, null, wish)).toBe(false);
    expect(isRejected(marked({}), 2, null, wish)).toBe(false);
    expect(isRejected(equalHosts(1)[0]!, 2, null, wish)).toBe(false);
    expect(isRejected(marked({ canary: true }), 2, null, NO_WISH)).toBe(false);
  });

  it('when it has all of the metadata that retries omit', () => {
    const wish = { ...NO_WISH, omits: { zone: 'a', tier: '1' } };
    expect(isRejected(marked({ zone: 'a', tier: '1', more: 'x' }), 2, null, wish)).toBe(true);
    expect(isRejected(marked({ zone: 'a', tier: '1' }), 1, null, wish)).toBe(false);
    expect(isRejected(marked({ zone: 'a' }), 2, null, wish)).toBe(false);
    expect(isRejected(marked({ zone: 'a', tier: '1' }), 2, null, NO_WISH)).toBe(false);
  });
});

describe('priorities that were tried', () => {
  it('are left out after each so many attempts', () => {
    const tried = new TriedPriorities(2);
    expect(tried.excludedNow()).toBeNull();
    tried.tried(ofPriority(0));
    expect(tried.excludedNow()).toBeNull();
    tried.tried(ofPriority(1));
    expect(tried.excludedNow()).toEqual([true, true]);
    // The third attempt alone does not add its own priority yet.
    tried.tried(ofPriority(2));
    expect(tried.excludedNow()).toEqual([true, true]);
    tried.tried(ofPriority(2));
    expect(tried.excludedNow()).toEqual([true, true, true]);
  });

  it('count again when all had their turn, until so many attempts were made anew', () => {
    const tried = new TriedPriorities(2);
    for (const priority of [0, 1]) tried.tried(ofPriority(priority));
    tried.excludedNow()?.fill(false);
    tried.startAgain();
    expect(tried.excludedNow()).toBeNull();
    tried.tried(ofPriority(1));
    expect(tried.excludedNow()).toBeNull();
    tried.tried(ofPriority(1));
    expect(tried.excludedNow()).toEqual([false, true]);
  });
});
