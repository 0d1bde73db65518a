import { defineConfig } from 'vitest/config'

const conditions = ['lexcustis-source']

/** Runs the retrieval report, which measures and never fails; `npm test` does not. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['services/rag/test/retrieval.report.ts'],
    testTimeout: 1_800_000,
    disableConsoleIntercept: true,
    server: { deps: { inline: [/@lexcustis\//] } },
  },
})
