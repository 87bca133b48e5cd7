/** The other end of a connection in plain text, as drivers describe it. */
import type { PeerFacts } from './engine.ts';

/** Both addresses `ip:port`; '' = unknown. */
export function plainPeer(remoteAddress: string, localAddress: string): PeerFacts {
  return {
    tls: false,
    validated: false,
    sans: [],
    serverName: null,
    protocol: 'http1',
    remoteAddress,
    localAddress,
  };
}
