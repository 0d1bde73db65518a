import { defineConfig } from 'vitest/config'

// Workspace packages are tested from their sources; only processes that a test starts run from dist.
const conditions = ['lexcustis-source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{packages,services}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // Most of these tests wait for processes, so two at a time even on two cores.
    maxWorkers: 2,
    // Hundreds of these tests start, freeze and kill processes; one that only a busy machine fails is
    // run once more in CI, and vitest says so. Locally nothing is repeated.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { inline: [/@lexcustis\//] } },
  },
})
