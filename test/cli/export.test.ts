import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RETRIES, scenarioText } from '../harness/traced-scenario.ts';
import { cli, folderWith } from './cli-under-test.ts';

const BOOTSTRAP = `node: { id: edge }
static_resources:
  listeners:
  - name: in
    address: { socket_address: { address: 127.0.0.1, port_value: 18080 } }
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          http_filters:
          - name: router
            typed_config: { '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
          route_config:
            virtual_hosts:
            - name: all
              domains: ['*']
              routes:
              - match: { prefix: / }
                route:
                  cluster: orders
                  timeout: 0.5s
                  retry_policy: { retry_on: 5xx, num_retries: 2 }
  clusters:
  - name: orders
    connect_timeout: 0.25s
    circuitBreakers: { thresholds: [{ maxRequests: 7 }] }
    load_assignment:
      cluster_name: orders
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } }
`;

describe('export --to envoy', () => {
  it('writes the bootstrap of a machine of a scenario and names what it cannot say', async () => {
    const text = scenarioText([]);
    const folder = folderWith({ 'scenario.yaml': text, 'retries.yaml': RETRIES });
    const command = ['export', '.', '--to', 'envoy', '--workload', 'default/orders-0'];
    const { exitCode, stdout, stderr } = await cli(command, folder);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('id: sidecar~orders-0.default');
    expect(stdout).toContain('per_try_timeout: 0.1s');
    expect(stdout).toContain('cluster: outbound|80||payments.default.svc.cluster.local');
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('asks whose proxy of a scenario is meant', async () => {
    const folder = folderWith({ 'scenario.yaml': scenarioText([]), 'retries.yaml': RETRIES });
    const nobody = await cli(['export', '.', '--to', 'envoy'], folder);
    expect(nobody.exitCode).toBe(64);
    expect(nobody.stderr).toContain('orders-0');
    const other = ['export', '.', '--to', 'envoy', '--workload', 'shop/orders-0'];
    expect((await cli(other, folder)).exitCode).toBe(64);
  });

  it('writes a file, and none over another', async () => {
    const folder = folderWith({ 'b.yaml': BOOTSTRAP });
    const command = ['export', 'b.yaml', '--to', 'envoy', '--out', 'new.yaml'];
    const { exitCode, stderr } = await cli([...command, '--admin', ':9901'], folder);
    expect([exitCode, stderr]).toEqual([0, '']);
    const text = readFileSync(join(folder, 'new.yaml'), 'utf8');
    expect(text).toContain('max_requests: 7');
    expect(text).toContain('port_value: 9901');
    const second = await cli(command, folder);
    expect(second.exitCode).toBe(64);
    expect(second.stderr).toContain('--force');
    expect((await cli([...command, '--force'], folder)).exitCode).toBe(0);
  });

  it('writes nothing when the input is wrong', async () => {
    const folder = folderWith({ 'b.yaml': BOOTSTRAP.replace('timeout: 0.5s', 'timeout: 5') });
    const command = ['export', 'b.yaml', '--to', 'envoy', '--out', 'new.yaml'];
    const { exitCode, stderr } = await cli(command, folder);
    expect(exitCode).toBe(65);
    expect(stderr).toMatch(/b\.yaml:\d+:\d+/);
    expect(existsSync(join(folder, 'new.yaml'))).toBe(false);
  });
});

describe('bootstraps elsewhere', () => {
  it('are validated, with the place of every mistake', async () => {
    const wrong = BOOTSTRAP.replace('retry_on', 'retry_no');
    const folder = folderWith({ 'b.yaml': BOOTSTRAP, 'wrong.yaml': wrong });
    const right = await cli(['validate', 'b.yaml'], folder);
    expect([right.exitCode, right.stdout]).toEqual([
      0,
      'ok  b.yaml: an Envoy bootstrap, 1 listener, 1 cluster\n',
    ]);
    const { exitCode, stderr } = await cli(['validate', 'wrong.yaml'], folder);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('wrong.yaml:24:35');
    expect(stderr).toContain('RetryPolicy field "retry_no"');
  });

  it('are described: given values with file and line, defaults with Envoy', async () => {
    const folder = folderWith({ 'b.yaml': BOOTSTRAP });
    const { exitCode, stdout } = await cli(['describe', 'config', 'b.yaml'], folder);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^edge → orders \(one proxy\)$/m);
    expect(stdout).toMatch(/^ {2}timeout +500ms +b\.yaml:23$/m);
    expect(stdout).toMatch(/^ {2}retries +2 +b\.yaml:24$/m);
    expect(stdout).toMatch(/^ {2}connect timeout +250ms +b\.yaml:27$/m);
    expect(stdout).toMatch(/^ {2}max requests +7 +b\.yaml:28$/m);
    expect(stdout).toMatch(/^ {2}max connections +1,024 +default of envoy-1\.40$/m);
    const two = await cli(['describe', 'config', 'b.yaml', 'b.yaml'], folder);
    expect(two.exitCode).toBe(64);
  });
});
