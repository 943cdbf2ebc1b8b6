/** Owns how tests run: two projects by name, so that the servers start only when a test asks for them. */
import { defineConfig } from 'vitest/config';

const needServers = ['test/**/*.flow.test.ts', 'test/**/*.e2e.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    // On 2 cores, files mostly wait for servers.
    maxWorkers: 3,
    teardownTimeout: 60_000,
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: needServers,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: needServers,
          globalSetup: ['./test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
