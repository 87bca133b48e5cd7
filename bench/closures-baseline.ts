/**
 * FROZEN baseline: the three-tier model as one would usually write it in JavaScript.
 *
 * Closures as event handlers, a binary heap of objects ordered by (time, sequence), timers cancelled
 * lazily by a flag, `Math.log` sampling, fresh objects per request. It is written with care, not
 * slowed down on purpose; do not improve it either: rows are quoted as ratios to it.
 */
import * as model from './model.ts';

interface Timer {
  time: number;
  sequence: number;
  action: () => void;
  cancelled: boolean;
}

class Simulation {
  now = 0;
  private readonly heap: Timer[] = [];
  private sequence = 0;

  after(delay: number, action: () => void): Timer {
    const timer = { time: this.now + delay, sequence: this.sequence++, action, cancelled: false };
    this.heap.push(timer);
    this.siftUp(this.heap.length - 1);
    return timer;
  }

  run(): void {
    for (let timer = this.pop(); timer !== undefined; timer = this.pop()) {
      if (timer.cancelled) continue;
      this.now = timer.time;
      timer.action();
    }
  }

  private pop(): Timer | undefined {
    const top = this.heap[0];
    const last = this.heap.pop();
    if (top !== undefined && last !== undefined && this.heap.length > 0) {
      this.heap[0] = last;
      this.siftDown();
    }
    return top;
  }

  private siftUp(start: number): void {
    let index = start;
    const heap = this.heap;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(heap[index]!, heap[parent]!)) return;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  private siftDown(): void {
    const heap = this.heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && before(heap[right]!, heap[left]!) ? right : left;
      if (!before(heap[child]!, heap[index]!)) return;
      [heap[index], heap[child]] = [heap[child]!, heap[index]!];
      index = child;
    }
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
}

interface Endpoint {
  active: number;
  busy: number;
  failures: number;
  ejectedUntil: number;
  queue: (() => void)[];
}

/** Simulates `requests` requests. @returns mean latency, ms, and retries made, to compare models */
export function runClosures(requests: number): { meanMs: number; retries: number } {
  const simulation = new Simulation();
  let state = 0x2545f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 4294967296;
  };
  const exponential = (mean: number) => -mean * Math.log(random());
  const logNormal = () =>
    model.DELAY_MEDIAN_NS *
    Math.exp(
      model.DELAY_SIGMA * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()),
    );
  const tiers: Endpoint[][] = Array.from({ length: model.TIERS }, () =>
    Array.from({ length: model.ENDPOINTS }, () => ({
      active: 0,
      busy: 0,
      failures: 0,
      ejectedUntil: 0,
      queue: [],
    })),
  );
  const histogram = new Map<number, number>();
  const recordLatency = (latency: number) => {
    const bucket = Math.floor(Math.log(latency) * 100);
    histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
  };
  let retries = 0;
  let sum = 0;

  const pick = (endpoints: Endpoint[]): Endpoint => {
    const healthy = endpoints.filter((endpoint) => endpoint.ejectedUntil <= simulation.now);
    const from = healthy.length > 0 ? healthy : endpoints;
    const a = from[Math.floor(random() * from.length)]!;
    const b = from[Math.floor(random() * from.length)]!;
    return b.active < a.active ? b : a;
  };

  const serve = (endpoint: Endpoint, done: () => void) => {
    const start = () => {
      endpoint.busy++;
      simulation.after(exponential(model.MEAN_SERVICE_NS), () => {
        endpoint.busy--;
        endpoint.queue.shift()?.();
        done();
      });
    };
    if (endpoint.busy < model.WORKERS) start();
    else endpoint.queue.push(start);
  };

  const call = (tier: number, done: (ok: boolean) => void, attempt = 0) => {
    const endpoints = tiers[tier]!;
    const endpoint = pick(endpoints);
    const started = simulation.now;
    endpoint.active++;
    let finished = false;
    const finish = (ok: boolean) => {
      if (finished) return;
      finished = true;
      timeout.cancelled = true;
      endpoint.active--;
      recordLatency(simulation.now - started);
      if (ok) {
        endpoint.failures = 0;
        done(true);
        return;
      }
      if (++endpoint.failures >= model.EJECT_AFTER) {
        endpoint.failures = 0;
        endpoint.ejectedUntil = simulation.now + model.EJECTION_NS;
      }
      if (attempt < model.MAX_RETRIES) {
        retries++;
        call(tier, done, attempt + 1);
      } else {
        done(false);
      }
    };
    const timeout = simulation.after(model.PER_TRY_TIMEOUT_NS, () => finish(false));
    simulation.after(logNormal(), () => {
      serve(endpoint, () => {
        const answer = (ok: boolean) => simulation.after(logNormal(), () => finish(ok));
        if (random() < model.FAILURE_RATIO) answer(false);
        else if (tier + 1 < model.TIERS) call(tier + 1, answer);
        else answer(true);
      });
    });
  };

  let started = 0;
  const arrive = () => {
    const at = simulation.now;
    call(0, () => {
      sum += simulation.now - at;
      recordLatency(simulation.now - at);
    });
    if (++started < requests) simulation.after(exponential(1e9 / model.RATE_RPS), arrive);
  };
  arrive();
  simulation.run();
  return { meanMs: sum / requests / 1e6, retries };
}
