/**
 * What a configuration says and its bootstrap, read again, does not: found by comparing the two, so
 * that a setting which nobody thought of here cannot go missing silently.
 */
import { valuesOf } from '../../mesh/config/complete.ts';
import type { MeshConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';

/** A setting without a counterpart. */
export interface LostSetting {
  /** `clusters[].tls` */
  readonly setting: string;
  /** Names of the listeners or clusters that have it. */
  readonly places: readonly string[];
  readonly because: string;
}

/** Numbers and positions of a process, and what people read: no proxy decides by them. */
const NO_POLICY = new Set(['id', 'version', 'origins', 'labels', 'isEager', 'service']);

/** By the end of the setting's path. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^listeners\[\]\.address$/, 'another listener has it: this one takes the workload’s own'],
  [/(\.tls|\.offersTls)$/, 'keys are no part of it: what it would secure is spoken in plain text'],
  [/(\.mtls|\.isPlainTextOnly)$/, 'keys are no part of it: clients speak plain text'],
];
const NO_FIELD = 'no field of Envoy is written for it';

/** @returns by setting, in the order of the configuration */
export function lostSettings(config: MeshConfig, readAgain: MeshConfig): readonly LostSetting[] {
  const found = new Map<string, string[]>();
  const note = (setting: string, place: string) => {
    const places = found.get(setting) ?? [];
    if (!places.includes(place)) places.push(place);
    found.set(setting, places);
  };
  for (const setting of ['locality', 'localCluster'] as const) {
    new Walk(note, config.proxyName).compare(setting, config[setting], readAgain[setting]);
  }
  for (const list of ['listeners', 'clusters'] as const) {
    const others = new Map(readAgain[list].map((item) => [item.name, item]));
    for (const item of config[list]) {
      const walk = new Walk(note, item.name);
      walk.compare(`${list}[]`, plain(item), plain(others.get(item.name)));
    }
  }
  return [...found].map(([setting, places]) => {
    const because = REASONS.find(([pattern]) => pattern.test(setting))?.[1] ?? NO_FIELD;
    return { setting, places, because };
  });
}

class Walk {
  private readonly note: (setting: string, place: string) => void;
  private readonly place: string;

  constructor(note: (setting: string, place: string) => void, place: string) {
    this.note = note;
    this.place = place;
  }

  compare(path: string, mine: unknown, other: unknown): void {
    if (Array.isArray(mine) && Array.isArray(other) && mine.length === other.length) {
      for (const [at, item] of mine.entries()) this.compare(`${path}[]`, item, other[at]);
      return;
    }
    if (isRecord(mine) && isRecord(other)) {
      const keys = new Set([...Object.keys(mine), ...Object.keys(other)]);
      for (const key of keys) this.compare(`${path}.${key}`, mine[key], other[key]);
      return;
    }
    if (mine !== other) this.note(path.replaceAll('[][]', '[]'), this.place);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const NOBODY_TRUSTED = {
  usesRemoteAddress: false,
  trustedHops: 0,
  appendsForwardedFor: true,
  internalRanges: [],
};
const NO_FAULT = {
  delay: null,
  abort: null,
  headers: [],
  upstreamCluster: null,
  maxActiveFaults: null,
};

/**
 * Without what decides nothing, and where two spellings mean the same, in one of them: no word on
 * trust and nobody trusted, no fault and an empty one, no filters and none of them.
 */
function plain(value: unknown): unknown {
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  const made: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined && !NO_POLICY.has(key)) made[key] = plain(item);
  }
  if ('honoursControlHeaders' in made && made['honoursControlHeaders'] === false) {
    made['clientTrust'] ??= NOBODY_TRUSTED;
  }
  if ('honoursControlHeaders' in made) {
    const answersContinue = made['forwardsInformational'] !== true;
    made['edge'] ??= plain({ ...valuesOf(ENVOY.edge), answersContinue });
    made['codec'] ??= plain(valuesOf(ENVOY.codec));
  }
  if (made['kind'] === 'fault') made['config'] ??= NO_FAULT;
  if (made['fault'] === null) made['fault'] = NO_FAULT;
  const { filters } = made;
  if (isRecord(filters) && Object.keys(filters).length === 0) delete made['filters'];
  return made;
}
