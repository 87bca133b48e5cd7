/** Differences that are meant. Each must still be there; `docs/conformance-istio.md` lists them. */
export interface MeantDifference {
  /** Of a case, or `file: Kind/namespace/name` of a verdict. */
  readonly where: string;
  /** What the line of the difference, or the code of the error, begins with. */
  readonly what: string;
  readonly because: string;
}

export const MEANT: readonly MeantDifference[] = [
  {
    where: 'kube-headless',
    what: 'clusters › outbound|8000||ring.shop.svc.cluster.local',
    because: 'requests to a headless Service are balanced, not sent to the address called',
  },
  {
    where: 'kube-not-ready',
    what: 'clusters › outbound|80||slow.shop.svc.cluster.local › endpoints',
    because:
      'endpoints that are about to go are dropped, as istiod does for a Service that it knows; ' +
      'the offline program reads slices before Services and sends them as unhealthy',
  },
  {
    where: 'vs-destination-port',
    what: 'MQ-REF-005',
    because: 'a destination’s port that does not exist is an error, not a route to nowhere',
  },
  {
    where: 'vs-destination-short-names',
    what: 'MQ-REF-001',
    because: 'a destination that does not exist is an error, not a route to nowhere',
  },
  {
    where: 'vs-export-private',
    what: 'MQ-REF-001',
    because: 'a destination that does not exist is an error, not a route to nowhere',
  },
  {
    where: 'virtual-services: VirtualService/shop/weights-10',
    what: 'MQ-ROUTE-003',
    because: 'weights that do not add up to 100 promise a share that nobody gets',
  },
  {
    where: 'virtual-services: VirtualService/shop/headers-name-bad',
    what: 'MQ-ROUTE-020',
    because: 'no HTTP message can have a header of that name',
  },
  {
    where: 'virtual-services: VirtualService/shop/rewrite-regex-group',
    what: 'MQ-ROUTE-018',
    because: 'a group that the expression does not have leaves every path as it is',
  },
  {
    where: 'destination-rules: DestinationRule/shop/hash-ring-large',
    what: 'MQ-FIELD-005',
    because: 'Envoy has no ring of more than 8388608 places and refuses the cluster',
  },
];

/** Takes the differences that are meant out of a list; says which of them are no longer there. */
export function withoutMeant(where: string, found: readonly string[]): readonly string[] {
  const meant = MEANT.filter((item) => item.where === where);
  const gone = meant.filter(({ what }) => !found.some((line) => line.startsWith(what)));
  const rest = found.filter((line) => !meant.some(({ what }) => line.startsWith(what)));
  return [...rest, ...gone.map(({ what }) => `no longer different: ${what}`)];
}
