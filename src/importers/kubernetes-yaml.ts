/**
 * Which plain scalars Kubernetes' YAML reader takes for something other than text.
 *
 * It follows YAML 1.1 in booleans and octal integers, but knows neither times nor base 60, and
 * wants a digit in every number: `exportTo: [.]` and a revision `e12` are text.
 * Source: config-istio.md §0.4; behaviour of the Go YAML reader behind kubectl and istioctl.
 */
import type { ScalarTag, Tags } from 'yaml';

const PREFIX = 'tag:yaml.org,2002:';
const UNKNOWN: readonly string[] = ['binary', 'omap', 'pairs', 'set', 'timestamp', 'merge'];

const FLOAT: ScalarTag = {
  tag: `${PREFIX}float`,
  default: true,
  test: /^[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/,
  resolve: (text) => Number.parseFloat(text.replaceAll('_', '')),
};

const NEW_OCTAL: ScalarTag = {
  tag: `${PREFIX}int`,
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const digits = text.replaceAll('_', '').replace(/^[-+]?0o/, '');
    return (text.startsWith('-') ? -1 : 1) * Number.parseInt(digits, 8);
  },
};

/** The library's YAML 1.1 tags without what that reader lacks, and with its own numbers. */
export function kubernetesTags(tags: Tags): Tags {
  const kept = tags.filter((tag) => {
    if (typeof tag === 'string') return false;
    const name = tag.tag.slice(PREFIX.length);
    if (UNKNOWN.includes(name) || tag.format === 'TIME') return false;
    return name !== 'float' || isInfinityOrNan(tag);
  });
  return [...kept, NEW_OCTAL, FLOAT];
}

function isInfinityOrNan(tag: Exclude<Tags[number], string>): boolean {
  return 'test' in tag && tag.test instanceof RegExp && tag.test.test('.inf');
}
