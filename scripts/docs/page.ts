/**
 * What generated pages of the documentation have in common.
 */

export interface GeneratedPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export const GENERATED_NOTE =
  '<!-- Made by `npm run docs` from the sources; edits here are overwritten. -->';

/** Paragraphs with an empty line between them. */
export function pageOf(path: string, paragraphs: readonly string[]): GeneratedPage {
  return { path, text: `${paragraphs.join('\n\n')}\n` };
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  const capitalised = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capitalised) ? capitalised : `${capitalised}.`;
}

/** A table whose cells may hold any text. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
