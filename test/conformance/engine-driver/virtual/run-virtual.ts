/**
 * Plays a story with the virtual driver.
 */
import { Draws } from '../../../../src/core/draws.ts';
import { PolicyEngine } from '../../../../src/mesh/engine/engine.ts';
import { EngineTables } from '../../../../src/mesh/engine/tables.ts';
import { RequestIdentity } from '../../../../src/proxy/request-identity.ts';
import { DecisionLog } from '../decision-log.ts';
import { endpointNames, meshConfigOf } from '../mesh-config.ts';
import { countersOf, isSettled, observationOf, type Performed } from '../observation.ts';
import type { ClientListener, RequestToSend, World } from '../peers.ts';
import { ScriptedClient } from '../scripted-client.ts';
import { ScriptedUpstream } from '../scripted-upstream.ts';
import { Stage } from '../stage.ts';
import type { Story } from '../story.ts';
import { VirtualContext } from './context.ts';
import { VirtualDownstream } from './downstream.ts';
import { VirtualTime } from './time.ts';
import { VirtualDriver } from './virtual-driver.ts';

export const SEED = 'stories';
const LIMIT_MS = 60_000;

export function runVirtual(story: Story): Performed {
  const time = new VirtualTime();
  const stage = new Stage();
  const world = { after: (ms: number, action: () => void) => void time.afterMs(ms, action) };
  const upstreams = new Map<string, ScriptedUpstream | null>();
  for (const [name, told] of Object.entries(story.upstreams)) {
    const refuses = told.refuses === true;
    upstreams.set(name, refuses ? null : new ScriptedUpstream(name, told, stage, world));
  }
  const draws = new Draws(SEED);
  const context = new VirtualContext(time, new RequestIdentity(draws), upstreams);
  const endpoints = endpointNames(story.mesh);
  const log = new DecisionLog(story.mesh, stage);
  const addresses = new Map(endpoints.map((name, at) => [name, `10.0.0.${at + 1}:80`]));
  const driver = new VirtualDriver(context, draws, log);
  const engine = new PolicyEngine(meshConfigOf(story.mesh, addresses), driver, new EngineTables());
  context.attach(engine);
  const client = new ScriptedClient({ ...world, send: senderOf(context) }, stage);
  let isDone = false;
  time.afterMs(0, () => client.play(story.steps, () => (isDone = true)));
  time.runUntil(() => isDone && isSettled(log, client, upstreams), LIMIT_MS);
  if (!isDone) throw new Error(`${story.name}: the client's script did not end`);
  const counters = countersOf(engine);
  const observation = observationOf({ story, log, client, upstreams, counters });
  context.input((called) => called.onDrain('start', 0));
  return { observation, peakHeldBytes: context.peakHeldBytes };
}

function senderOf(context: VirtualContext): World['send'] {
  const named = new Map<string, VirtualDownstream>();
  return (request: RequestToSend, listener: ClientListener) => {
    const known = named.get(request.connection);
    const reusable = request.connection !== '' && known?.isOpen === true && !known.isGoingAway;
    const connection = reusable ? known : new VirtualDownstream(context);
    named.set(request.connection, connection);
    return connection.send(request, listener);
  };
}
