import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/real/**', '**/node_modules/**'],
    testTimeout: 30_000,
    // These ship their JSON without import attributes, which plain Node refuses.
    server: { deps: { inline: [/@actions\/workflow-parser/, /@actions\/expressions/, /@actions\/languageservice/] } },
  },
});
