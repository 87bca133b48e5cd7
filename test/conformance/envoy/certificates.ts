/**
 * The certificates that cases name: who signs them, which names they bear, when they are valid.
 *
 * The stage on sockets makes them with `openssl`; the virtual one knows them.
 */

/** Authorities, which sign themselves for ten years. */
export const AUTHORITIES = ['ca', 'ca2'] as const;

export interface LeafPlan {
  readonly name: string;
  readonly issuer: (typeof AUTHORITIES)[number];
  /** As OpenSSL writes them: `DNS:a.test,URI:spiffe://…`. */
  readonly names: string;
  /** Relative to the start of the case. */
  readonly fromDays: number;
  readonly toDays: number;
}

const SERVER = 'DNS:server.test,URI:spiffe://td.test/server';
const CLIENT = 'URI:spiffe://td.test/client';

function leaf(
  name: string,
  issuer: LeafPlan['issuer'],
  names: string,
  fromDays = -1,
  toDays = 365,
): LeafPlan {
  return { name, issuer, names, fromDays, toDays };
}

export const LEAVES: readonly LeafPlan[] = [
  leaf('good', 'ca', SERVER),
  leaf('expired', 'ca', SERVER, -20, -10),
  leaf('future', 'ca', SERVER, 10, 20),
  leaf('wrongsan', 'ca', 'DNS:other.test,URI:spiffe://td.test/other'),
  leaf('untrusted', 'ca2', SERVER),
  leaf('client', 'ca', CLIENT),
  leaf('clientexp', 'ca', CLIENT, -20, -10),
  leaf('clientother', 'ca', 'URI:spiffe://td.test/other'),
  leaf('clientuntrusted', 'ca2', CLIENT),
  leaf('short', 'ca', SERVER, -1, 6 / 86_400),
];
