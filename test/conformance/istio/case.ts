/**
 * Cases: YAML files whose head says what they show, for which proxy, and on top of which base.
 *
 *     # One sentence.
 *     # base: shop
 *     # proxy: { namespace: shop, labels: { app: web }, ip: 10.0.9.1, locality: eu/a/ }
 *
 * `base` names a file beside the cases; `proxy: { pod: shop/web-0 }` is the Pod of that name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const HERE = import.meta.dirname;

export interface ProxyWanted {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly locality: string;
  /** `namespace/name`, '' = none: the other fields describe it. */
  readonly pod: string;
}

export interface IstioCase {
  readonly name: string;
  readonly about: string;
  /** Paths of the files, base first. */
  readonly files: readonly string[];
  readonly proxy: ProxyWanted;
}

const NOBODY: ProxyWanted = {
  namespace: 'shop',
  labels: {},
  ip: '10.0.9.9',
  locality: '',
  pod: '',
};

export function caseNames(folder = 'cases'): readonly string[] {
  return readdirSync(join(HERE, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

export function readCase(name: string, folder = 'cases'): IstioCase {
  const path = join(HERE, folder, `${name}.yaml`);
  const text = readFileSync(path, 'utf8');
  const base = /^# base: (.*)$/m.exec(text)?.[1];
  const proxy = /^# proxy: (.*)$/m.exec(text)?.[1];
  const wanted = proxy === undefined ? {} : (parse(proxy) as Partial<ProxyWanted>);
  return {
    name,
    about: /^# (.*)$/m.exec(text)?.[1] ?? '',
    files: [...(base === undefined ? [] : [join(HERE, 'bases', `${base}.yaml`)]), path],
    proxy: { ...NOBODY, ...wanted },
  };
}

export function goldenPath(name: string): string {
  return join(HERE, 'goldens', `${name}.golden.json`);
}
