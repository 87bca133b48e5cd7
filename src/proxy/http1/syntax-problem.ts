/** The one error of the HTTP/1 parsers; it never leaves this folder. */

/** The peer did not speak HTTP/1 as it should. */
export class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
}
