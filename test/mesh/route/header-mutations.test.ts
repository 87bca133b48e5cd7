import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { headerValueProblem } from '../../../src/mesh/config/header-commands.ts';
import type { HeaderAddition, HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import { HeaderEditor } from '../../../src/mesh/route/header-mutations.ts';
import { compileHeaderValue } from '../../../src/mesh/route/header-value.ts';

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
  ])('%s gives %s', (text, value) => {
    expect(headerValueProblem(text)).toBeNull();
    expect(compileHeaderValue(text)(CONTEXT)).toBe(value);
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
