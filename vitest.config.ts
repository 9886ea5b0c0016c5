import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/real/**', '**/node_modules/**'],
    testTimeout: 30_000,
    // On two cores vitest would take one: most of the long tests wait for their child processes.
    maxWorkers: '100%',
    // These ship their JSON without import attributes, which plain Node refuses.
    server: { deps: { inline: [/@actions\/workflow-parser/, /@actions\/expressions/, /@actions\/languageservice/] } },
  },
});
