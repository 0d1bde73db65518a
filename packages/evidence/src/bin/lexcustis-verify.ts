#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { openBundle } from '../bundle/open-bundle.js'
import { notStarted, verifyBundle } from '../verify/verify-bundle.js'
import type { Report } from '../verify/report.js'
import { type Arguments, readArguments, UsageError, USAGE } from './arguments.js'
import { createProgressBar } from './progress-bar.js'
import { formatReport } from './format-report.js'

async function verify({ bundle, keys, previous }: Arguments): Promise<Report> {
  const bar = createProgressBar(process.stderr)
  try {
    const options = { keys, previous, onProgress: bar.show }
    return await verifyBundle(async () => openBundle(bundle), options)
  } finally {
    bar.clear()
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

async function main(args: readonly string[]): Promise<void> {
  const isJson = args.includes('--json')
  const print = (report: Report): void => {
    process.exitCode = report.exit
    process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : formatReport(report))
  }
  try {
    const parsed = readArguments(args)
    if (parsed === 'help') process.stdout.write(USAGE)
    else if (parsed === 'version') process.stdout.write(`${version()}\n`)
    else print(await verify(parsed))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    print(notStarted({ code: error.code, detail: error.message }))
    if (!isJson) process.stderr.write(`\n${USAGE}`)
  }
}

await main(process.argv.slice(2))
