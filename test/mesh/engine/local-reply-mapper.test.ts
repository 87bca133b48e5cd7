import { describe, expect, it } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { Flag } from '../../../src/core/records.ts';
import type { LocalReplyConfig, ReplyMapper } from '../../../src/mesh/config/local-replies.ts';
import { LocalReplyMapper } from '../../../src/mesh/engine/local-reply-mapper.ts';

const PLAIN = { isGrpc: false, isHeadMethod: false };
const GRPC = { isGrpc: true, isHeadMethod: false };
const NOTHING = { status: null, body: null, headers: [], format: null };
const TEXT = { kind: 'text', contentType: '', omitsEmpty: false } as const;

function mapped(config: Partial<LocalReplyConfig>, status = 503, form = PLAIN, text = 'why') {
  const head = new HttpHead({ status });
  const request = new HttpHead({ headers: [['x-k', '1']] });
  const about = {
    request,
    response: head,
    responseCode: status,
    routeName: '',
    clusterName: 'a',
    peer: null,
  };
  const flags = Flag.URX | (Flag.UF << 5);
  const draft = { head, text, grpcStatus: null, details: 'd', flags, about };
  const reply = new LocalReplyMapper({ mappers: [], format: null, ...config }).map(form, draft);
  return { head: reply.head, body: reply.body === null ? null : `${Buffer.from(reply.body)}` };
}

function when(condition: ReplyMapper['condition'], change: Partial<ReplyMapper>): ReplyMapper {
  return { ...NOTHING, condition, ...change };
}

describe('answers of the proxy are reworded', () => {
  it('by the first mapper that holds', () => {
    const mappers = [
      when({ kind: 'flags', flags: ['UH'] }, { status: 501 }),
      when({ kind: 'flags', flags: ['UF'] }, { status: 502, body: 'mine' }),
      when({ kind: 'always' }, { status: 505 }),
    ];
    const { head, body } = mapped({ mappers });
    expect([head.status, body, head.get('content-length')]).toEqual([502, 'mine', '4']);
  });

  it.each([
    ['eq', 502, false],
    ['eq', 503, true],
    ['ge', 503, true],
    ['ge', 504, false],
    ['le', 503, true],
    ['le', 502, false],
    ['ne', 503, false],
    ['ne', 502, true],
  ] as const)('of 503 where the status is %s %d: %s', (relation, value, holds) => {
    const mappers = [when({ kind: 'status', relation, value }, { status: 200 })];
    expect(mapped({ mappers }).head.status).toBe(holds ? 200 : 503);
  });

  it('with a format that sees the mapped status, but conditions and headers see the first one', () => {
    const text =
      '%RESPONSE_CODE% %RESPONSE_FLAGS% %LOCAL_REPLY_BODY% %UPSTREAM_CLUSTER% %ROUTE_NAME%';
    const action = 'append-if-exists-or-add' as const;
    const headers = [{ name: 'x-was', value: '%RESPONSE_CODE%', action, keepsEmpty: false }];
    const mappers = [when({ kind: 'always' }, { status: 599, headers })];
    const { head, body } = mapped({ mappers, format: { ...TEXT, text } });
    expect(body).toBe('599 URX,UF why a -');
    expect(head.get('x-was')).toBe('503');
  });

  it('as JSON, which a gRPC message carries without its line feed', () => {
    const value = { s: '%RESPONSE_CODE%', m: '%LOCAL_REPLY_BODY%!', n: '%REQ(x-none)%' };
    const format = { kind: 'json', value, contentType: '', omitsEmpty: false } as const;
    expect(mapped({ format }).body).toBe('{"m":"why!","n":null,"s":503}\n');
    const { head, body } = mapped({ format }, 404, GRPC);
    expect([head.status, head.get('grpc-status'), body]).toEqual([200, '12', null]);
    expect(head.get('grpc-message')).toBe('{"m":"why!","n":null,"s":404}');
  });

  it('without a body when nothing is left of it', () => {
    const { head, body } = mapped({ mappers: [when({ kind: 'always' }, { body: '' })] });
    expect([body, head.get('content-length'), head.get('content-type')]).toEqual([
      null,
      undefined,
      undefined,
    ]);
  });
});
