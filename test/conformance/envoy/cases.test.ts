/**
 * Our own cases in virtual time, against the answers that a real Envoy gave.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCase } from './case-file.ts';
import { caseNames } from './case-names.ts';
import { runFile } from './run-file.ts';
import { VirtualStage } from './virtual/virtual-stage.ts';

const FOLDER = import.meta.dirname;
const names = caseNames(FOLDER);

describe('the engine in virtual time answers as Envoy does', () => {
  it.each(names)('%s', async (name) => {
    const { bad } = await runFile(FOLDER, name, new VirtualStage('conformance'), false);
    expect(bad).toEqual([]);
  });

  it('and a case that must disagree does', async () => {
    const text = readFileSync(join(FOLDER, 'cases', names[0]!), 'utf8');
    const broken = readCase('broken.yaml', text.replace(/^id: .*/m, 'id: broken'));
    const { runCase } = await import('./run-case.ts');
    const golden = { id: 'broken', values: broken.compare.map(() => ['never']) };
    const exact = { ...broken, compare: broken.compare.filter(({ mode }) => mode === undefined) };
    const { bad } = await runCase(exact, new VirtualStage('conformance'), golden);
    expect(bad.length).toBe(exact.compare.length);
    expect(bad.length).toBeGreaterThan(0);
  });
});

describe('a case file', () => {
  it('is refused with the place of its mistake', () => {
    const text = 'id: x\nbootstrap: b\ncompare: []\nclient:\n- req: { metod: GET }\n';
    expect(() => readCase('cases/x.yaml', text)).toThrow();
  });
});
