import { defineConfig } from 'vitest/config';

/** `fast` is what `npm run check` runs; `slow` holds laws, validation, e2e and whatever takes seconds. */
const slow = [
  'test/laws/**',
  'test/validation/**',
  'test/e2e/**',
  'test/conformance/**',
  'test/goldens.test.ts',
  'test/fast-check/counterexample.test.ts',
];

export default defineConfig({
  test: {
    // Nothing here asserts on real time, so no processor is kept free.
    maxWorkers: '100%',
    projects: [
      {
        test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: slow, testTimeout: 60_000 },
      },
      {
        test: {
          name: 'slow',
          include: slow.map((glob) => (glob.endsWith('**') ? `${glob}/*.test.ts` : glob)),
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
