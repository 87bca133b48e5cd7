/**
 * Plays a story with the real proxy, on loopback and ports that the system chooses.
 */
import { parseAddress } from '../../../../src/proxy/addresses.ts';
import { startProxy } from '../../../../src/proxy/main.ts';
import { DecisionLog } from '../decision-log.ts';
import { meshConfigOf } from '../mesh-config.ts';
import { countersOf, isSettled, observationOf, type Performed } from '../observation.ts';
import { ScriptedClient } from '../scripted-client.ts';
import { ScriptedUpstream } from '../scripted-upstream.ts';
import { Stage } from '../stage.ts';
import type { Story } from '../story.ts';
import { SEED } from '../virtual/run-virtual.ts';
import { MemoryWatch } from './memory-watch.ts';
import { RealClient } from './real-client.ts';
import { type RealUpstream, startUpstream } from './real-upstream.ts';

const LIMIT_MS = 30_000;
const POLL_MS = 2;

export async function runReal(story: Story): Promise<Performed> {
  const stage = new Stage();
  const after = (ms: number, action: () => void) => void setTimeout(action, ms);
  const upstreams = new Map<string, ScriptedUpstream | null>();
  const servers: RealUpstream[] = [];
  const addresses = new Map<string, string>();
  for (const [name, told] of Object.entries(story.upstreams)) {
    const upstream =
      told.refuses === true ? null : new ScriptedUpstream(name, told, stage, { after });
    upstreams.set(name, upstream);
    const server = await startUpstream(upstream);
    servers.push(server);
    addresses.set(name, server.address);
  }
  const log = new DecisionLog(story.mesh, stage);
  const proxy = await startProxy({
    config: meshConfigOf(story.mesh, addresses),
    seed: SEED,
    listen: [{ direction: 'outbound', address: parseAddress('127.0.0.1:0')! }],
    admin: null,
    accessLog: null,
    allowNonLoopback: false,
    onRecord: (kind, a, b, c) => log.record(kind, a, b, c),
    onRequestLog: (entry) => log.logRequest(entry),
  });
  const network = new RealClient(proxy.addresses[0]!);
  const client = new ScriptedClient(
    { after, send: (request, listener) => network.send(request, listener) },
    stage,
  );
  const watch = story.memoryLimitBytes === undefined ? null : new MemoryWatch();
  try {
    await Promise.race([played(story, client), proxy.failed]);
    await until(() => isSettled(log, client, upstreams));
    const peakHeldBytes = watch?.stop() ?? 0;
    const counters = countersOf(proxy.engine);
    return {
      observation: observationOf({ story, log, client, upstreams, counters }),
      peakHeldBytes,
    };
  } finally {
    watch?.stop();
    network.close();
    await proxy.stop(0);
    for (const server of servers) server.close();
  }
}

function played(story: Story, client: ScriptedClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${story.name}: the client's script did not end`));
    }, LIMIT_MS);
    client.play(story.steps, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function until(isDone: () => boolean): Promise<void> {
  const endMs = Date.now() + LIMIT_MS;
  while (!isDone() && Date.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
