/**
 * Small parts that several panels share: charts side by side, tables, and a word on what is left out.
 */
import { type Html, type HtmlPart, html, NO_HTML } from '../escape.ts';
import { countOf } from '../format.ts';
import { type RunView, runClass } from '../view.ts';

/** Charts in as many columns as there is room for; a single one takes the whole width. */
export function chartGrid(charts: readonly Html[]): Html {
  return html`<div class="charts ${charts.length > 1 ? 'many' : ''}">${charts}</div>`;
}

/** Says that not everything is drawn, where that is so. */
export function leftOut(count: number, singular: string): Html {
  if (count <= 0) return NO_HTML;
  return html`<p class="note">${countOf(count, `more ${singular}`)} not drawn; the figures are in summary.json.</p>`;
}

/** A table that scrolls sideways by itself, reachable with the keyboard. */
export function table(
  caption: string,
  headings: readonly HtmlPart[],
  rows: readonly (readonly HtmlPart[])[],
): Html {
  const head = headings.map((heading) => html`<th scope="col">${heading}</th>`);
  const body = rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** The run's name with its colour. */
export function runName(run: RunView): Html {
  return html`<span class="${runClass(run.index)} run-name"><span class="chip" aria-hidden="true"></span>${run.label}</span>`;
}
