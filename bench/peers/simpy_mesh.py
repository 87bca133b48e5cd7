"""The three-tier model of the bench in SimPy, written as its documentation teaches: one process a
request, `timeout | work` for the limit of a try, a Resource for the workers.

usage: python3 simpy_mesh.py MODEL_JSON REQUESTS  ->  {"perCpuSecond": ..., "meanMs": ..., "retries": ..., "version": ...}
The numbers of the model come from bench/model.ts, times in ns there and in ms here.
"""
import json
import random
import sys
import time

import simpy

MODEL = json.loads(sys.argv[1])
REQUESTS = int(sys.argv[2])
TIERS = MODEL["tiers"]
ENDPOINTS = MODEL["endpoints"]
WORKERS = MODEL["workers"]
MEAN_SERVICE = MODEL["meanServiceNs"] / 1e6
FAILURE_RATIO = MODEL["failureRatio"]
MAX_RETRIES = MODEL["maxRetries"]
PER_TRY_TIMEOUT = MODEL["perTryTimeoutNs"] / 1e6
EJECT_AFTER = MODEL["ejectAfter"]
EJECTION = MODEL["ejectionNs"] / 1e6
DELAY_MEDIAN = MODEL["delayMedianNs"] / 1e6
DELAY_SIGMA = MODEL["delaySigma"]
GAP = 1e3 / MODEL["rateRps"]


class Endpoint:
    __slots__ = ("active", "failures", "ejected_until", "workers")

    def __init__(self, env):
        self.active = 0
        self.failures = 0
        self.ejected_until = 0.0
        self.workers = simpy.Resource(env, WORKERS)


class Mesh:
    def __init__(self, env):
        self.env = env
        self.random = random.Random(1)
        self.tiers = [[Endpoint(env) for _ in range(ENDPOINTS)] for _ in range(TIERS)]
        self.retries = 0
        self.latencies = 0.0
        self.done = 0

    def delay(self):
        return DELAY_MEDIAN * self.random.lognormvariate(0, DELAY_SIGMA)

    def pick(self, tier):
        healthy = [e for e in self.tiers[tier] if e.ejected_until <= self.env.now] or self.tiers[tier]
        a, b = self.random.choice(healthy), self.random.choice(healthy)
        return b if b.active < a.active else a

    def work(self, tier, endpoint):
        """One try: there, in the queue, served, the next tier, and back."""
        yield self.env.timeout(self.delay())
        with endpoint.workers.request() as place:
            yield place
            yield self.env.timeout(self.random.expovariate(1 / MEAN_SERVICE))
        ok = self.random.random() >= FAILURE_RATIO
        if ok and tier + 1 < TIERS:
            ok = yield from self.call(tier + 1)
        yield self.env.timeout(self.delay())
        return ok

    def call(self, tier):
        for attempt in range(MAX_RETRIES + 1):
            endpoint = self.pick(tier)
            endpoint.active += 1
            work = self.env.process(self.work(tier, endpoint))
            result = yield work | self.env.timeout(PER_TRY_TIMEOUT)
            endpoint.active -= 1
            if work in result and result[work]:
                endpoint.failures = 0
                return True
            endpoint.failures += 1
            if endpoint.failures >= EJECT_AFTER:
                endpoint.failures = 0
                endpoint.ejected_until = self.env.now + EJECTION
            if attempt < MAX_RETRIES:
                self.retries += 1
        return False

    def request(self):
        started = self.env.now
        yield from self.call(0)
        self.latencies += self.env.now - started
        self.done += 1

    def arrivals(self, count):
        for _ in range(count):
            self.env.process(self.request())
            yield self.env.timeout(self.random.expovariate(1 / GAP))


def main():
    env = simpy.Environment()
    mesh = Mesh(env)
    env.process(mesh.arrivals(REQUESTS))
    before = time.process_time()
    while mesh.done < REQUESTS:
        env.step()
    used = time.process_time() - before
    print(
        json.dumps(
            {
                "perCpuSecond": REQUESTS / used,
                "meanMs": mesh.latencies / REQUESTS,
                "retries": mesh.retries,
                "version": simpy.__version__,
            }
        )
    )


main()
