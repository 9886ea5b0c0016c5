import { defineConfig } from 'vitest/config';

/** The same code against real servers, which each test file starts on loopback and stops again. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    // A server's first start, its packages included, takes minutes on a small machine.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
