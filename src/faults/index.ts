/**
 * All kinds of environment faults. A new kind: its file, its line here, its test, its page in docs.
 */
import { CLOCK_SKEW } from './clock-skew.ts';
import { DEP_CACHE_FLUSH } from './dep-cache-flush.ts';
import type { FaultKind } from './fault.ts';
import { ID_CA_OUTAGE } from './id-ca-outage.ts';
import { ID_CERT_EXPIRE } from './id-cert-expire.ts';
import { ID_ROTATE_FAIL } from './id-rotate-fail.ts';
import { LOAD_SPIKE } from './load-spike.ts';
import { NET_LATENCY } from './net-latency.ts';
import { NET_LOSS } from './net-loss.ts';
import { NET_PARTITION } from './net-partition.ts';
import { PROC_CRASH } from './proc-crash.ts';
import { PROC_SLOW } from './proc-slow.ts';

export const FAULT_KINDS: readonly FaultKind[] = [
  NET_LATENCY,
  NET_LOSS,
  NET_PARTITION,
  PROC_SLOW,
  PROC_CRASH,
  LOAD_SPIKE,
  DEP_CACHE_FLUSH,
  ID_CERT_EXPIRE,
  ID_ROTATE_FAIL,
  ID_CA_OUTAGE,
  CLOCK_SKEW,
];
