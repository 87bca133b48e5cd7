import { describe, expect, it } from 'vitest';
import { OneProxy } from '../engine/one-proxy.ts';

function buffering(maxRequestBytes: number): OneProxy {
  return new OneProxy({
    listener: { filters: [{ kind: 'buffer', config: { maxRequestBytes } }] },
  });
}

describe('a buffer', () => {
  it('lets a request go on with its whole body and its length', () => {
    const proxy = buffering(10);
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'abc');
    expect(proxy.ports.sentHeads).toEqual([]);
    proxy.body(request, 'de', true);
    proxy.settle();
    expect(proxy.ports.sentHeads[0]!.head.get('content-length')).toBe('5');
    expect(proxy.ports.sentBodies.get(proxy.stream)).toBe('abcde');
  });

  it('refuses a body that is too large, and takes one of just that size', () => {
    const proxy = buffering(3);
    proxy.body(proxy.request({ method: 'POST' }, false), 'abc', true);
    proxy.settle();
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    proxy.body(proxy.request({ method: 'POST' }, false), 'abcd');
    expect(proxy.outcome).toBe('413 - request_payload_too_large');
    expect(proxy.stat('http.in.downstream_rq_too_large')).toBe(1);
  });

  it('has nothing to do with requests without a body', () => {
    const proxy = buffering(1);
    proxy.request();
    expect(proxy.ports.sentHeads[0]!.head.get('content-length')).toBeUndefined();
  });
});
