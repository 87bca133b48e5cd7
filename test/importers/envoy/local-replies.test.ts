import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { parseDocuments } from '../../../src/importers/document.ts';
import { decodeBase64Text } from '../../../src/importers/envoy/data-source.ts';
import { Fields } from '../../../src/importers/envoy/fields.ts';
import { readLocalReplies } from '../../../src/importers/envoy/local-replies.ts';
import { Runtime } from '../../../src/importers/envoy/runtime.ts';

function read(text: string) {
  const diagnostics = new Diagnostics();
  const [document] = parseDocuments('b.yaml', `local_reply_config: ${text}`, diagnostics);
  const manager = new Fields(document!, 'HttpConnectionManager');
  const found = readLocalReplies(manager, new Runtime(undefined));
  const told = diagnostics
    .sorted()
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
  return { found, told };
}

describe('local_reply_config', () => {
  it('is read with its mappers', () => {
    const { found, told } = read(`
  mappers:
  - filter: { response_flag_filter: { flags: [UH] } }
    body: { inline_bytes: bm9u }
    status_code: 599
    body_format_override: { json_format: { a: ['%RESPONSE_CODE%', 1, true, null] } }`);
    expect(told).toEqual([]);
    expect(found?.mappers).toEqual([
      {
        condition: { kind: 'flags', flags: ['UH'] },
        status: 599,
        body: 'non',
        headers: [],
        format: {
          kind: 'json',
          value: { a: ['%RESPONSE_CODE%', 1, true, null] },
          contentType: '',
          omitsEmpty: false,
        },
      },
    ]);
  });

  it.each([
    ['{ body_format: { text_format: "%NONSENSE%" } }', 'the command %NONSENSE% is not modelled'],
    ['{ body_format: { content_type: a } }', 'body_format needs text_format_source or json_format'],
    ['{ mappers: [{ status_code: 500 }] }', 'a mapper has no filter'],
    ['{ mappers: [{ filter: { duration_filter: {} } }] }', '"duration_filter" is unknown'],
    [
      '{ mappers: [{ filter: { response_flag_filter: { flags: [XX] } } }] }',
      '"XX" is no response flag',
    ],
    [
      '{ mappers: [{ filter: { runtime_filter: { runtime_key: k, percent_sampled: { numerator: 5 } } } }] }',
      'shares of local replies are not modelled',
    ],
    [
      '{ mappers: [{ filter: { response_flag_filter: {} }, body: { filename: a.txt } }] }',
      '"filename" is unknown or not modelled',
    ],
  ])('%s is refused with its place', (text, message) => {
    const { told } = read(text);
    expect(told[0]).toMatch(/^1:\d+ /);
    expect(told.join()).toContain(message);
  });
});

describe('bytes in base64', () => {
  it.each(['', 'a', 'ab', 'abc', 'grüße ☃ 🦀'])('stand for the text "%s"', (text) => {
    expect(decodeBase64Text(Buffer.from(text).toString('base64'))).toBe(text);
  });

  it.each(['a b', '%', 'gA==', '==='])('are not "%s"', (text) => {
    expect(decodeBase64Text(text)).toBeUndefined();
  });
});
