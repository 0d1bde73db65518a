import { defineConfig } from 'vitest/config'

const conditions = ['lexcustis-source']

/** Runs the quality report, which measures and never fails; `npm test` does not. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['services/compliance/test/quality.report.ts'],
    testTimeout: 600_000,
    disableConsoleIntercept: true,
    server: { deps: { inline: [/@lexcustis\//] } },
  },
})
