/**
 * The policy in force, edge by edge: each value, where it comes from, and what limits that every proxy
 * counts for itself add up to over all of them.
 */
import type { EdgePolicy, PolicySetting } from '../../core/policy-table.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { countOf } from '../format.ts';
import { edgeName, type ReportView, type RunView } from '../view.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

/** Edges that are shown; `describe config` has all. */
const MAX_EDGES = 24;

export const policyPanel: Panel = {
  id: 'policy',
  title: 'Policy in force',
  render(view) {
    const edges = edgesAcross(view);
    if (edges.length === 0) return null;
    const shown = edges.slice(0, MAX_EDGES);
    const more = edges.length - shown.length;
    return html`<p class="lead">Limits are counted by each proxy for itself; every instance of a caller has one. Values without a file are the product's defaults.</p>
${shown.map((edge) => edgeMarkup(view, edge))}${more > 0 ? html`<p class="note">${more} more edges: meshquake describe config</p>` : NO_HTML}`;
  },
};

interface EdgeKey {
  readonly from: string;
  readonly to: string;
  readonly subset: string;
}

function edgesAcross(view: ReportView): readonly EdgeKey[] {
  const keys = new Map<string, EdgeKey>();
  for (const { from, to, subset } of view.drawn.flatMap(({ policy = [] }) => policy)) {
    keys.set(JSON.stringify([from, to, subset]), { from, to, subset });
  }
  return [...keys.values()];
}

/** The same setting in each run that is drawn; undefined where a run does not have it. */
interface Row {
  readonly name: string;
  readonly cells: readonly (PolicySetting | undefined)[];
}

function edgeMarkup(view: ReportView, key: EdgeKey): Html {
  const policies = view.drawn.map((run) => policyOf(run, key));
  const paths = new Map<string, string>();
  for (const { path, name } of policies.flatMap((policy) => policy?.settings ?? [])) {
    paths.set(path, name);
  }
  const rows = [...paths].map(([path, name]): Row => {
    return { name, cells: policies.map((policy) => policy?.settings.find((s) => s.path === path)) };
  });
  const told = rows.filter(({ cells }) => cells.some((cell) => cell?.isExplicit === true));
  const others = rows.filter((row) => !told.includes(row));
  const proxies = Math.max(...policies.map((policy) => policy?.proxies ?? 0));
  const subset = key.subset === '' ? '' : ` ${key.subset}`;
  const name = `${edgeName(key)}${subset}`;
  return html`<h3>${name} <small>${countOf(proxies, 'proxy', 'proxies')}</small></h3>
${told.length === 0 ? html`<p class="note">Nothing is set for this edge: defaults only.</p>` : settingTable(view, `Set for ${name}`, told)}
<details><summary>${countOf(others.length, 'default')}</summary>${settingTable(view, `Defaults of ${name}`, others)}</details>`;
}

function policyOf({ policy = [] }: RunView, key: EdgeKey): EdgePolicy | undefined {
  return policy.find(
    ({ from, to, subset }) => from === key.from && to === key.to && subset === key.subset,
  );
}

function settingTable(view: ReportView, caption: string, rows: readonly Row[]): Html {
  const isSame = rows.every(({ cells }) => cells.every((cell) => isEqual(cell, cells[0])));
  const runs = isSame ? view.drawn.slice(0, 1) : view.drawn;
  const headings = isSame ? ['In all runs'] : runs.map(runName);
  return table(
    caption,
    ['Setting', ...(view.drawn.length === 1 ? ['Value'] : headings)],
    rows.map(({ name, cells }) => [
      name,
      ...runs.map((run) => cellMarkup(cells[run.index], folderOf(view))),
    ]),
  );
}

function isEqual(a: PolicySetting | undefined, b: PolicySetting | undefined): boolean {
  return a?.value === b?.value && a?.origin === b?.origin;
}

/** Of the scenario, with a slash: files in it are named without it. */
function folderOf({ model }: ReportView): string {
  return model.scenario.path.replace(/[^/]*$/, '');
}

function cellMarkup(setting: PolicySetting | undefined, folder: string): Html {
  if (setting === undefined) return html`<span class="absent">not set</span>`;
  const { value, inAll, isExplicit } = setting;
  const isNear = folder !== '' && setting.origin.startsWith(folder);
  const origin = isNear ? setting.origin.slice(folder.length) : setting.origin;
  const strong = isExplicit ? html`<b>${value}</b>` : html`${value}`;
  return html`${strong}${inAll === '' ? NO_HTML : html`<div class="in-all">${inAll}</div>`}<div class="origin">${origin}</div>`;
}
