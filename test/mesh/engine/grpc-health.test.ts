import { describe, expect, it } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { GrpcAnswer, grpcHeaders, grpcRequest } from '../../../src/mesh/engine/grpc-health.ts';

const HEAD = new HttpHead({ status: 200, headers: [['content-type', 'application/grpc']] });
const GOOD = new HttpHead({ headers: [['grpc-status', '0']] });

function verdict(...message: number[]): boolean | null {
  const answer = new GrpcAnswer();
  expect(answer.onHead(HEAD, false)).toBeNull();
  const frame = new Uint8Array([0, 0, 0, 0, message.length, ...message]);
  return answer.onBody(frame, false) ?? answer.onTrailers(GOOD);
}

describe('a gRPC health check', () => {
  it('asks for a service by name, or for the whole server', () => {
    const ask = (service: string) => grpcRequest({ kind: 'grpc', service, host: '' });
    expect([...ask('')]).toEqual([0, 0, 0, 0, 0]);
    expect(Buffer.from(ask('shop')).toString('hex')).toBe('00000000060a0473686f70');
    expect(ask('x'.repeat(200))[4]).toBe(203);
  });

  it('says how long it waits, after its own metadata', () => {
    const probe = { kind: 'grpc', service: '', host: '', metadata: [['x-a', '1']] } as const;
    expect(grpcHeaders(probe, 300).slice(3)).toEqual([
      ['x-a', '1'],
      ['grpc-timeout', '300m'],
    ]);
  });

  it('passes with SERVING only', () => {
    expect(verdict(0x08, 1)).toBe(true);
    expect(verdict(0x08, 2)).toBe(false);
    expect(verdict()).toBe(false);
  });

  it('reads over fields that it does not know, and refuses what is no message', () => {
    expect(verdict(0x12, 2, 7, 7, 0x08, 1)).toBe(true);
    expect(verdict(0x08, 0x81)).toBe(false);
    expect(verdict(0x0a, 0x7f)).toBe(false);
  });

  it('takes one message, whole or in pieces', () => {
    const answer = new GrpcAnswer();
    expect(answer.onBody(new Uint8Array([0, 0, 0]), false)).toBeNull();
    expect(answer.onBody(new Uint8Array([0, 2, 8, 1]), false)).toBeNull();
    expect(answer.onTrailers(GOOD)).toBe(true);
    expect(answer.onBody(new Uint8Array([0, 0, 0, 0, 2, 8, 1]), false)).toBe(false);
  });

  it('fails without trailers, without their status, and with another one', () => {
    const answer = new GrpcAnswer();
    expect(answer.onBody(new Uint8Array([0, 0, 0, 0, 2, 8, 1]), true)).toBe(false);
    expect(answer.onTrailers(new HttpHead({ headers: [['grpc-status', '12']] }))).toBe(false);
    expect(answer.onTrailers(new HttpHead({ headers: [] }))).toBe(false);
  });
});
