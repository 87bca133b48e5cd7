/**
 * What a panel is: one section of the report, one file, one line in `index.ts`.
 *
 * A panel reads the view and returns markup; charts go through `view.charts`. It returns null where
 * the runs have nothing for it, and is left out.
 */
import type { Html } from '../escape.ts';
import type { ReportView } from '../view.ts';

export interface Panel {
  /** Anchor in the page; the name of the file. */
  readonly id: string;
  readonly title: string;
  render(view: ReportView): Html | null;
}
