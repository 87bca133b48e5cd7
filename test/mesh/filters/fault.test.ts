import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { FLAG_NAMES, Flag, RecordKind } from '../../../src/core/records.ts';
import type { FaultConfig, FractionalPercent } from '../../../src/mesh/config/config.ts';
import { FaultFilter, strikes } from '../../../src/mesh/filters/fault.ts';
import type { FilterStream, LocalReply } from '../../../src/mesh/filters/http-filter.ts';
import { createFilter, HTTP_FILTERS } from '../../../src/mesh/filters/index.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const ALWAYS: FractionalPercent = { numerator: 100, denominator: 100 };
const NEVER: FractionalPercent = { numerator: 0, denominator: 100 };
const DELAY = { fixedDelayMs: 50, percentage: ALWAYS };
const ABORT = { httpStatus: 503, grpcStatus: null, percentage: ALWAYS };

function faults(partial: Partial<FaultConfig>): FaultConfig {
  return {
    delay: null,
    abort: null,
    headers: [],
    upstreamCluster: null,
    maxActiveFaults: null,
    ...partial,
  };
}

/** One request in front of the filter; notes in order what the filter does with it. */
class TestStream implements FilterStream {
  state = 0;
  readonly head: HttpHead;
  readonly peer = DOWNSTREAM_PEER;
  readonly clusterName: string | null;
  readonly events: string[] = [];
  reply: LocalReply | null = null;
  route: FaultConfig | null | undefined = undefined;
  drawn = 0;
  readonly responseStatus = 0;
  readonly ageNs = 0;
  readonly bodyBytes = 0;
  readonly isHealthCheck = false;

  constructor(headers: Record<string, string> = {}, clusterName: string | null = 'payments') {
    this.head = new HttpHead({ method: 'GET', path: '/', headers: Object.entries(headers) });
    this.clusterName = clusterName;
  }

  routeFault(): FaultConfig | null | undefined {
    return this.route;
  }

  routeFilter(): null {
    return null;
  }

  addResponseHeaders(): void {}
  descriptors() {
    return [];
  }
  ask(): void {}
  chargeCluster(): void {}
  addRequestHeaders(): void {}
  markHealthCheck(): void {}
  membersOf() {
    return null;
  }
  paceResponse(bytesPerSecond: number): void {
    this.events.push(`pace ${bytesPerSecond}`);
  }

  draw(index: number, n: number): number {
    this.events.push(`draw ${index} of ${n}`);
    return this.drawn;
  }

  arm(delayNs: number): void {
    this.events.push(`arm ${delayNs}`);
  }

  resume(): void {
    this.events.push('resume');
  }

  respond(reply: LocalReply): void {
    this.reply = reply;
    this.events.push(`respond ${reply.status} ${FLAG_NAMES[reply.flag]}`);
  }

  setFlag(flag: Flag): void {
    this.events.push(`flag ${FLAG_NAMES[flag]}`);
  }

  record(kind: RecordKind, value: number): void {
    const what = kind === RecordKind.delayInjected ? 'delay' : 'abort';
    this.events.push(`record ${what} ${value}`);
  }
}

function stats(filter: FaultFilter): Record<string, number> {
  const found: Record<string, number> = {};
  filter.visitStats((name, _kind, value) => {
    found[name] = value;
  });
  return found;
}

describe('a delay', () => {
  it('holds the request for its time, then lets it go on', () => {
    const filter = new FaultFilter(faults({ delay: DELAY }));
    const stream = new TestStream();
    expect(filter.onRequestHead(stream, true)).toBe('pause');
    expect(stream.events).toEqual(['draw 0 of 100', 'flag DI', 'record delay 50', 'arm 50000000']);
    expect(stats(filter)).toMatchObject({ 'fault.delays_injected': 1, 'fault.active_faults': 1 });
    filter.onTimer(stream);
    expect(stream.events.at(-1)).toBe('resume');
  });

  it('frees its slot when it ends, although the request goes on', () => {
    const filter = new FaultFilter(faults({ delay: DELAY }));
    const stream = new TestStream();
    filter.onRequestHead(stream, true);
    filter.onTimer(stream);
    expect(filter.activeFaults).toBe(0);
    filter.onRequestDone(stream);
    expect(filter.activeFaults).toBe(0);
  });

  it('frees its slot when the client leaves meanwhile', () => {
    const filter = new FaultFilter(faults({ delay: DELAY }));
    const stream = new TestStream();
    filter.onRequestHead(stream, true);
    filter.onRequestDone(stream);
    expect(filter.activeFaults).toBe(0);
  });

  it('of 0 ms is none', () => {
    const filter = new FaultFilter(faults({ delay: { ...DELAY, fixedDelayMs: 0 } }));
    expect(filter.onRequestHead(new TestStream(), true)).toBe('continue');
    expect(filter.delaysInjected).toBe(0);
  });
});

describe('an abort', () => {
  it('answers in place of the upstream', () => {
    const filter = new FaultFilter(faults({ abort: ABORT }));
    const stream = new TestStream();
    expect(filter.onRequestHead(stream, true)).toBe('pause');
    expect(stream.reply).toEqual({
      status: 503,
      grpcStatus: null,
      body: 'fault filter abort',
      flag: Flag.FI,
      details: 'fault_filter_abort',
    });
    expect(stream.events).toEqual(['draw 1 of 100', 'record abort 503', 'respond 503 FI']);
    expect(stats(filter)).toMatchObject({ 'fault.aborts_injected': 1, 'fault.active_faults': 1 });
    filter.onRequestDone(stream);
    expect(filter.activeFaults).toBe(0);
  });

  it('with a gRPC status answers 200 with it', () => {
    const abort = { httpStatus: null, grpcStatus: 14, percentage: ALWAYS };
    const stream = new TestStream();
    new FaultFilter(faults({ abort })).onRequestHead(stream, true);
    expect(stream.reply).toMatchObject({ status: 200, grpcStatus: 14 });
  });

  it('without any status is none', () => {
    const abort = { httpStatus: null, grpcStatus: null, percentage: ALWAYS };
    const filter = new FaultFilter(faults({ abort }));
    expect(filter.onRequestHead(new TestStream(), true)).toBe('continue');
  });

  it('is drawn after the delay has ended', () => {
    const filter = new FaultFilter(faults({ delay: DELAY, abort: ABORT }));
    const stream = new TestStream();
    filter.onRequestHead(stream, true);
    expect(stream.events).not.toContain('draw 1 of 100');
    filter.onTimer(stream);
    expect(stream.events.slice(4)).toEqual(['draw 1 of 100', 'record abort 503', 'respond 503 FI']);
    expect(filter.activeFaults).toBe(1);
    filter.onRequestDone(stream);
    expect(filter.activeFaults).toBe(0);
  });

  it('does not depend on whether there was a delay', () => {
    const filter = new FaultFilter(
      faults({ delay: { ...DELAY, percentage: NEVER }, abort: ABORT }),
    );
    const stream = new TestStream();
    expect(filter.onRequestHead(stream, true)).toBe('pause');
    expect(stream.events).toEqual([
      'draw 0 of 100',
      'draw 1 of 100',
      'record abort 503',
      'respond 503 FI',
    ]);
  });
});

describe('a percentage', () => {
  test.each<[number, FractionalPercent['denominator'], number, boolean]>([
    [0, 100, 0, false],
    [1, 100, 0, true],
    [1, 100, 1, false],
    [50, 100, 49, true],
    [50, 100, 50, false],
    [100, 100, 99, true],
    [150, 100, 99, true],
    [1, 1_000_000, 0, true],
    [1, 1_000_000, 1, false],
  ])('of %d in %d strikes for a draw of %d: %s', (numerator, denominator, draw, struck) => {
    expect(strikes({ numerator, denominator }, draw)).toBe(struck);
  });

  it('is drawn from its own denominator', () => {
    const percentage: FractionalPercent = { numerator: 5, denominator: 10_000 };
    const stream = new TestStream();
    stream.drawn = 5;
    const filter = new FaultFilter(faults({ delay: { ...DELAY, percentage } }));
    expect(filter.onRequestHead(stream, true)).toBe('continue');
    expect(stream.events).toEqual(['draw 0 of 10000']);
  });
});

describe('the gate', () => {
  it('lets requests to other clusters pass without a draw', () => {
    const filter = new FaultFilter(faults({ abort: ABORT, upstreamCluster: 'payments' }));
    const other = new TestStream({}, 'orders');
    expect(filter.onRequestHead(other, true)).toBe('continue');
    expect(filter.onRequestHead(new TestStream({}, null), true)).toBe('continue');
    expect(other.events).toEqual([]);
    expect(filter.onRequestHead(new TestStream(), true)).toBe('pause');
  });

  it('needs all headers to match', () => {
    const present = {
      value: { kind: 'present' },
      invert: false,
      treatMissingAsEmpty: false,
    } as const;
    const headers = [
      { name: 'x-a', ...present },
      { name: 'x-b', ...present },
    ];
    const filter = new FaultFilter(faults({ abort: ABORT, headers }));
    expect(filter.onRequestHead(new TestStream({ 'x-a': '1' }), true)).toBe('continue');
    expect(filter.onRequestHead(new TestStream({ 'x-a': '1', 'x-b': '2' }), true)).toBe('pause');
  });

  it("takes the route's configuration in place of the listener's", () => {
    const filter = new FaultFilter(faults({ abort: ABORT }));
    const off = new TestStream();
    off.route = null;
    expect(filter.onRequestHead(off, true)).toBe('continue');
    const delayed = new TestStream();
    delayed.route = faults({ delay: DELAY });
    filter.onRequestHead(delayed, true);
    expect(delayed.events.at(-1)).toBe('arm 50000000');
  });

  it('stays open for routes when the listener configures nothing', () => {
    const filter = new FaultFilter(null);
    expect(filter.onRequestHead(new TestStream(), true)).toBe('continue');
    const stream = new TestStream();
    stream.route = faults({ abort: ABORT });
    expect(filter.onRequestHead(stream, true)).toBe('pause');
  });
});

describe('the limit on active faults', () => {
  it('skips what exceeds it', () => {
    const filter = new FaultFilter(faults({ delay: DELAY, maxActiveFaults: 1 }));
    const first = new TestStream();
    expect(filter.onRequestHead(first, true)).toBe('pause');
    expect(filter.onRequestHead(new TestStream(), true)).toBe('continue');
    expect(stats(filter)['fault.faults_overflow']).toBe(1);
    filter.onTimer(first);
    expect(filter.onRequestHead(new TestStream(), true)).toBe('pause');
  });

  it('counts a request once, so its abort needs no second slot', () => {
    const filter = new FaultFilter(faults({ delay: DELAY, abort: ABORT, maxActiveFaults: 1 }));
    const stream = new TestStream();
    filter.onRequestHead(stream, true);
    filter.onTimer(stream);
    expect(stream.reply?.status).toBe(503);
    expect(filter.faultsOverflow).toBe(0);
  });

  it('of 0 refuses delay and abort each', () => {
    const filter = new FaultFilter(faults({ delay: DELAY, abort: ABORT, maxActiveFaults: 0 }));
    expect(filter.onRequestHead(new TestStream(), true)).toBe('continue');
    expect(filter.faultsOverflow).toBe(2);
  });

  it('is never passed, and all slots are free in the end', () => {
    const moves = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat()), { maxLength: 80 });
    fc.assert(
      fc.property(moves, fc.nat({ max: 4 }), (given, maxActiveFaults) => {
        const half: FractionalPercent = { numerator: 50, denominator: 100 };
        const abort = { ...ABORT, percentage: half };
        const filter = new FaultFilter(faults({ delay: DELAY, abort, maxActiveFaults }));
        const waiting: TestStream[] = [];
        const running: TestStream[] = [];
        for (const [move, at] of given) {
          const stream = move === 0 ? new TestStream() : waiting[at % waiting.length];
          if (stream === undefined) continue;
          stream.drawn = at % 100;
          if (move === 0) {
            const paused = filter.onRequestHead(stream, true) === 'pause';
            (paused && stream.reply === null ? waiting : running).push(stream);
          } else {
            waiting.splice(at % waiting.length, 1);
            if (move === 1) filter.onTimer(stream);
            running.push(stream);
          }
          expect(filter.activeFaults).toBeLessThanOrEqual(maxActiveFaults);
        }
        for (const stream of [...waiting, ...running]) filter.onRequestDone(stream);
        expect(filter.activeFaults).toBe(0);
      }),
    );
  });
});

describe('the list of filters', () => {
  it('makes each of them from its configuration', () => {
    expect(Object.keys(HTTP_FILTERS)).toContain('fault');
    const filter = createFilter({ kind: 'fault', config: null }, { nowNs: 0 });
    expect(filter).toBeInstanceOf(FaultFilter);
    expect(filter.name).toBe('envoy.filters.http.fault');
  });
});

describe('a pace of responses', () => {
  const pace = { kilobytesPerSecond: 3, percentage: { numerator: 100, denominator: 100 } } as const;

  it('holds a slot until the response is out', () => {
    const filter = new FaultFilter(faults({ pace, maxActiveFaults: 1 }));
    const [first, second] = [new TestStream(), new TestStream()];
    expect(filter.onRequestHead(first, true)).toBe('continue');
    expect(first.events).toEqual(['draw 2 of 100', 'pace 3072']);
    filter.onRequestHead(second, true);
    expect(second.events).toEqual(['draw 2 of 100']);
    expect(stats(filter)).toMatchObject({
      'fault.response_rl_injected': 1,
      'fault.faults_overflow': 1,
      'fault.active_faults': 1,
    });
    filter.onRequestDone(first);
    expect(stats(filter)['fault.active_faults']).toBe(0);
  });

  it('is what the request asks for, if the configuration lets it', () => {
    const filter = new FaultFilter(faults({ pace: { ...pace, kilobytesPerSecond: null } }));
    const asking = new TestStream({ 'x-envoy-fault-throughput-response': '7' });
    filter.onRequestHead(asking, true);
    expect(asking.events).toContain('pace 7168');
    const silent = new TestStream();
    filter.onRequestHead(silent, true);
    expect(silent.events).toEqual([]);
  });
});
