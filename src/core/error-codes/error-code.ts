/** The shape of one entry in the table of diagnostic codes. */

/** What a code means in general; a diagnostic may say it more exactly. */
export interface ErrorCode {
  /** A sentence without a full stop; heads the code's paragraph in the documentation. */
  readonly title: string;
  readonly why?: string;
  readonly fix?: string;
}
