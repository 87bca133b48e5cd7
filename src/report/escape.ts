/**
 * Text that becomes part of a page: everything is escaped unless it was made here.
 *
 * `html` is a template tag whose insertions are escaped; only what another `html` made goes in as
 * it is. So a scenario's title can never become markup, wherever it is shown.
 */

/** Markup that is known to be well formed and escaped. Made only by `html` and `trusted`. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type HtmlPart = string | number | Html | readonly Html[];

export const NO_HTML = new Html('');

/** Markup from a template; insertions are escaped unless they are markup themselves. */
export function html(literals: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = literals[0] ?? '';
  for (const [index, part] of parts.entries()) {
    text += asMarkup(part) + (literals[index + 1] ?? '');
  }
  return new Html(text);
}

function asMarkup(part: HtmlPart): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === 'object') return part.join('');
  return escapeHtml(String(part));
}

/** Our own constants (style sheet, script, encoded assets), never input. */
export function trusted(text: string): Html {
  return new Html(text);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Fit for text and for attribute values in either kind of quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/**
 * JSON that can stand inside a script element: nothing in it can end the element or open a comment,
 * and the two line separators that old parsers take for line ends are escaped too.
 */
export function scriptJson(value: unknown): Html {
  const json = JSON.stringify(value);
  return new Html(json.replace(/[<>&\u2028\u2029]/g, unicodeEscape));
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A link where `target` is a web address, plain text where it is anything else. */
export function linkOrText(target: string): Html {
  if (!/^https?:\/\/[^\s]+$/i.test(target)) return html`${target}`;
  return html`<a href="${target}" rel="noreferrer noopener">${target}</a>`;
}
