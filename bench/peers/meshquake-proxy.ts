/** Our proxy, access log off, configured by the mesh file that is the argument. Prints its port. */
import { readFileSync } from 'node:fs';
import { startProxy } from '../../src/proxy/main.ts';
import { loadProxy } from '../../src/proxy/proxy-config.ts';

const path = process.argv[2] ?? '';
const { config } = loadProxy([{ path, text: readFileSync(path, 'utf8') }], null);
const proxy = await startProxy({
  config,
  seed: 'bench',
  listen: [{ direction: 'outbound', address: { host: '127.0.0.1', port: 0 } }],
  admin: null,
  accessLog: null,
  allowNonLoopback: false,
});
console.log(proxy.addresses[0]);
