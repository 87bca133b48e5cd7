/**
 * Runs one case on a stage and compares what was seen with the recorded answers.
 */
import type { Case } from './case-file.ts';
import { agrees, nameOf, observe, readLog, type Seen } from './observe.ts';
import { ScriptedClient } from './scripted-client.ts';
import { type CaseBook, ScriptedUpstream } from './scripted-upstream.ts';
import { NotApplicable, type Stage } from './stage.ts';

/** The answers of a real Envoy: one value per check. */
export interface Golden {
  readonly id: string;
  readonly values: readonly unknown[];
}

export interface Outcome {
  readonly id: string;
  readonly title: string;
  /** What differs; empty = the case agrees. */
  readonly bad: readonly string[];
  readonly notApplicable?: string;
  /** The run that this is of, where earlier ones differed; absent = the first. */
  readonly run?: number;
  readonly values: readonly unknown[];
}

/** @param golden null = only record */
export async function runCase(found: Case, stage: Stage, golden: Golden | null): Promise<Outcome> {
  const { id, title } = found;
  try {
    const seen = await play(found, stage);
    if (!seen.started && !found.expectsStartFailure) {
      return { id, title, bad: [`the proxy did not start: ${stage.startProblem}`], values: [] };
    }
    return { id, title, ...compare(found, seen, golden) };
  } catch (error) {
    if (error instanceof NotApplicable) {
      const bad = [`not applicable: ${error.message}`];
      return { id, title, bad, notApplicable: error.message, values: [] };
    }
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { id, title, bad: [`failed: ${reason}`], values: [] };
  }
}

async function play(found: Case, stage: Stage): Promise<Seen> {
  const book: CaseBook = { originMs: 0, attempts: new Map(), plans: new Map() };
  const upstreams = new Map<string, ScriptedUpstream>();
  const render = (text: string) => rendered(text, stage, upstreams);
  const client = new ScriptedClient(stage, book, upstreams, render);
  let started = false;
  try {
    await stage.run(async () => {
      if (found.certs) await stage.makeCertificates();
      for (const [name, spec] of Object.entries(found.upstreams)) {
        const upstream = new ScriptedUpstream(name, spec ?? {}, stage, book);
        upstreams.set(name, upstream);
        await upstream.start();
      }
      for (const [name, text] of Object.entries(found.files)) {
        await stage.writeFile(name, render(text));
      }
      book.originMs = stage.clock.nowMs();
      started = await stage.start(render(found.bootstrap));
      book.originMs = stage.clock.nowMs();
      if (!started) return;
      for (const step of found.client) await client.perform(step);
      await stage.clock.sleep(found.settleMs);
      await client.snapshot('final');
    });
  } finally {
    client.closeAll();
    await stage.stop();
    for (const upstream of upstreams.values()) upstream.stop();
  }
  return { client, upstreams, book, started, log: readLog(await stage.accessLog()) };
}

function rendered(
  text: string,
  stage: Stage,
  upstreams: ReadonlyMap<string, ScriptedUpstream>,
): string {
  return text.replace(/\{\{([\w.]+)\}\}/g, (_all, key: string) => {
    const port = stage.ports[key];
    if (port !== undefined) return String(port);
    if (key === 'dir') return stage.folder;
    if (key === 'access_log') return `${stage.folder}/access.log`;
    const [kind, name = '', what] = key.split('.');
    const upstream = kind === 'up' ? upstreams.get(name) : undefined;
    if (upstream === undefined) throw new Error(`the case has no {{${key}}}`);
    return what === 'port' ? String(upstream.port) : `127.0.0.1:${upstream.port}`;
  });
}

function compare(found: Case, seen: Seen, golden: Golden | null): Pick<Outcome, 'bad' | 'values'> {
  const bad: string[] = [];
  const values = found.compare.map((check, index) => {
    const value: unknown = JSON.parse(JSON.stringify(observe(check, seen) ?? null));
    if (golden === null) return value;
    const wanted = golden.values[index];
    if (wanted === undefined) bad.push(`${nameOf(check, index)} has no recorded answer`);
    else if (!agrees(check, value, wanted)) {
      const range = check.mode === 'range' ? [check.lo, check.hi] : undefined;
      bad.push(`${nameOf(check, index)} is ${brief(value)}, expected ${brief(range ?? wanted)}`);
    }
    return value;
  });
  return { bad, values };
}

function brief(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 400 ? text : `${text.slice(0, 400)}…`;
}
