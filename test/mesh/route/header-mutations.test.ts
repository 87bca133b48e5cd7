import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { headerValueProblem } from '../../../src/mesh/config/header-commands.ts';
import type { HeaderAddition, HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import { HeaderEditor } from '../../../src/mesh/route/header-mutations.ts';
import { compileHeaderValue } from '../../../src/mesh/route/header-value.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const REQUEST = new HttpHead({
  method: 'GET',
  authority: 'svc:80',
  path: '/p',
  headers: [
    ['x-a', '1'],
    ['x-b', '2'],
  ],
});
const CONTEXT = {
  request: REQUEST,
  response: null,
  responseCode: 0,
  routeName: 'all',
  clusterName: 'shop',
  peer: null,
};

function adding(
  name: string,
  value: string,
  action: HeaderAddition['action'] = 'append-if-exists-or-add',
): HeaderMutations {
  return { remove: [], add: [{ name, value, action, keepsEmpty: false }] };
}

function edited(...levels: readonly HeaderMutations[]): readonly (readonly [string, string])[] {
  const editor = HeaderEditor.of(levels);
  return editor === null ? [] : REQUEST.with(editor.editsFor(REQUEST, CONTEXT)).headers;
}

describe('header mutations', () => {
  test.each([
    ['append-if-exists-or-add', 'x-a', ['1', 'new']],
    ['append-if-exists-or-add', 'x-c', ['new']],
    ['add-if-absent', 'x-a', ['1']],
    ['add-if-absent', 'x-c', ['new']],
    ['overwrite-if-exists-or-add', 'x-a', ['new']],
    ['overwrite-if-exists-or-add', 'x-c', ['new']],
    ['overwrite-if-exists', 'x-a', ['new']],
    ['overwrite-if-exists', 'x-c', []],
  ] as const)('%s of %s leaves %j', (action, name, values) => {
    const headers = edited(adding(name, 'new', action));
    expect(headers.filter(([key]) => key === name).map(([, value]) => value)).toEqual(values);
    expect(headers.filter(([key]) => key === 'x-b')).toEqual([['x-b', '2']]);
  });

  it('remove before they add, level by level', () => {
    const both: HeaderMutations = { ...adding('x-a', 'new'), remove: ['x-a', 'x-b'] };
    expect(edited(both)).toEqual([['x-a', 'new']]);
    expect(edited(both, { remove: ['x-a'], add: [] })).toEqual([]);
    expect(edited(adding('x-c', 'route'), adding('x-c', 'table'))).toContainEqual(['x-c', 'table']);
  });

  it('add no empty value unless they are told to', () => {
    expect(edited(adding('x-c', '%REQ(x-none)%'))).not.toContainEqual(['x-c', '']);
    const keeps = { name: 'x-c', value: '', action: 'add-if-absent', keepsEmpty: true } as const;
    expect(edited({ remove: [], add: [keeps] })).toContainEqual(['x-c', '']);
  });

  it('are nothing where nothing is configured', () => {
    expect(HeaderEditor.of([undefined, { remove: [], add: [] }])).toBeNull();
  });

  it('make all values of a level before they change anything', () => {
    const values = (...additions: readonly HeaderMutations[]) =>
      edited({ remove: [], add: additions.flatMap(({ add }) => add) });
    const headers = values(
      adding('x-a', 'new', 'overwrite-if-exists-or-add'),
      adding('x-c', '%REQ(x-a)%'),
    );
    expect(headers).toContainEqual(['x-a', 'new']);
    expect(headers).toContainEqual(['x-c', '1']);
  });

  it('of a level see what those before it did', () => {
    const set = adding('x-a', 'new', 'overwrite-if-exists-or-add');
    expect(edited(set, adding('x-c', '%REQ(x-a)%'))).toContainEqual(['x-c', 'new']);
    const gone: HeaderMutations = { remove: ['x-a'], add: [] };
    expect(edited(gone, adding('x-a', 'again', 'add-if-absent'))).toContainEqual(['x-a', 'again']);
    expect(edited(gone, adding('x-a', 'again', 'overwrite-if-exists'))).not.toContainEqual([
      'x-a',
      'again',
    ]);
  });

  it('overwrite before they add, and of several overwrites the last counts', () => {
    const both: HeaderMutations = {
      remove: [],
      add: [
        ...adding('x-a', 'more').add,
        ...adding('x-a', 'one', 'overwrite-if-exists-or-add').add,
        ...adding('x-a', 'two', 'overwrite-if-exists').add,
      ],
    };
    expect(edited(both).filter(([name]) => name === 'x-a')).toEqual([
      ['x-a', 'two'],
      ['x-a', 'more'],
    ]);
  });

  it('of responses see the response of the level before and the request as it was', () => {
    const response = new HttpHead({ status: 200, headers: [['x-a', 'r']] });
    const levels = [
      adding('x-a', 'new', 'overwrite-if-exists-or-add'),
      adding('x-c', '%RESP(x-a)% %REQ(x-a)%'),
    ];
    const editor = HeaderEditor.of(levels)!;
    const head = response.with(editor.editsFor(response, { ...CONTEXT, response }));
    expect(head.get('x-c')).toBe('new 1');
  });

  test.each<[string, boolean]>([
    ['plain', false],
    ['%RESP(x-a)%', false],
    ['%REQ(x-a)%', true],
    ['%DOWNSTREAM_REMOTE_PORT%', true],
  ])('know whether %s depends on the request: %s', (value, reads) => {
    expect(HeaderEditor.of([adding('x-c', 'plain'), adding('x-d', value)])?.readsRequest).toBe(
      reads,
    );
  });
});

describe('values of headers', () => {
  test.each([
    ['plain', 'plain'],
    ['100%%', '100%'],
    ['<%REQ(X-A)%>', '<1>'],
    ['%REQ(x-none?x-b)%', '2'],
    ['%REQ(:authority):3%', 'svc'],
    ['%ROUTE_NAME%/%PROTOCOL%', 'all/HTTP/1.1'],
    ['%UPSTREAM_CLUSTER%', 'shop'],
    ['%DOWNSTREAM_LOCAL_PORT%', ''],
    ['%RESP(x-a)%', ''],
    ['%REQ(x-none?x-also-none)%', ''],
    ['%REQ(x-a?x-b)%', '1'],
    ['%VIRTUAL_CLUSTER_NAME%', ''],
    ['%RESPONSE_CODE%', '0'],
    ['%ROUTE_NAME:2%', 'al'],
    ['%ROUTE_NAME:0%', ''],
    ['%UPSTREAM_CLUSTER%-%ROUTE_NAME%!', 'shop-all!'],
  ])('%s gives %s', (text, value) => {
    expect(headerValueProblem(text)).toBeNull();
    expect(compileHeaderValue(text)(CONTEXT)).toBe(value);
  });

  it('take the second header where the first is empty', () => {
    const request = new HttpHead({
      headers: [
        ['x-empty', ''],
        ['x-b', '2'],
      ],
    });
    const value = compileHeaderValue('%REQ(x-empty?x-b)%[%REQ(x-empty)%]');
    expect(value({ ...CONTEXT, request })).toBe('2[]');
  });

  it('leave out what is not known', () => {
    expect(compileHeaderValue('[%NO_COMMAND%]')(CONTEXT)).toBe('[]');
  });

  it('speak of the connection, where somebody knows it', () => {
    const peer = {
      ...DOWNSTREAM_PEER,
      remoteAddress: '10.1.2.3:5555',
      localAddress: '[fd00::1]:8443',
      serverName: 'shop.example',
      sans: [
        { type: 'uri', value: 'spiffe://a/b' },
        { type: 'dns', value: 'b.example' },
        { type: 'uri', value: 'spiffe://c/d' },
        { type: 'ip', value: '10.1.2.3' },
      ],
    } as const;
    const said = (text: string) => compileHeaderValue(text)({ ...CONTEXT, peer });
    expect(said('%DOWNSTREAM_REMOTE_ADDRESS%')).toBe('10.1.2.3:5555');
    expect(said('%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%')).toBe('10.1.2.3');
    expect(said('%DOWNSTREAM_REMOTE_PORT%')).toBe('5555');
    expect(said('%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%')).toBe('10.1.2.3:5555');
    expect(said('%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%')).toBe('10.1.2.3');
    expect(said('%DOWNSTREAM_DIRECT_REMOTE_PORT%')).toBe('5555');
    expect(said('%DOWNSTREAM_LOCAL_ADDRESS%')).toBe('[fd00::1]:8443');
    expect(said('%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%')).toBe('fd00::1');
    expect(said('%DOWNSTREAM_LOCAL_PORT%')).toBe('8443');
    expect(said('%DOWNSTREAM_PEER_URI_SAN%')).toBe('spiffe://a/b,spiffe://c/d');
    expect(said('%DOWNSTREAM_PEER_DNS_SAN%')).toBe('b.example');
    expect(said('%REQUESTED_SERVER_NAME%')).toBe('shop.example');
    expect(said('%DOWNSTREAM_REMOTE_ADDRESS:4%')).toBe('10.1');
    const unnamed = compileHeaderValue('[%REQUESTED_SERVER_NAME%]');
    expect(unnamed({ ...CONTEXT, peer: DOWNSTREAM_PEER })).toBe('[]');
  });

  it('speak of the response on its way back', () => {
    const response = new HttpHead({ status: 204, headers: [['x-a', 'r']] });
    const value = compileHeaderValue('%RESPONSE_CODE% %RESP(x-a)% %REQ(x-a)%');
    expect(value({ ...CONTEXT, response, responseCode: 204 })).toBe('204 r 1');
  });

  test.each([
    ['50%', 'a percent sign stands alone; write %% for one'],
    ['%UPSTREAM_HOST%', 'the command %UPSTREAM_HOST% is not modelled'],
    ['%REQ%', 'the command %REQ% needs a header in brackets'],
    ['%PROTOCOL(x)%', 'the command %PROTOCOL% takes nothing'],
  ])('%s is refused', (text, problem) => {
    expect(headerValueProblem(text)).toBe(problem);
  });
});
