import { defineConfig } from 'vitest/config';

/** The tests that mutation testing runs: those of the engine. CONTRIBUTING says how. */
export default defineConfig({
  test: { include: ['test/mesh/**/*.test.ts'], isolate: false, testTimeout: 60_000 },
});
