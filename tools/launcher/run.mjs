import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './fail.mjs'
import { importGuide } from './guide.mjs'
import { LauncherFailure, toFailure } from './failure.mjs'
import { Lock } from './lock.mjs'
import { prepare } from './prepare.mjs'
import { onSignals } from './signals.mjs'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
/** As a shell reports a process that SIGKILL ended. */
const KILLED = 137
const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

const say = (line) => process.stderr.write(`lexcustis: ${line}\n`)

/**
 * From nothing to a running stack, and back to nothing. Tests bring a checkout of their own, with
 * nothing to install.
 */
export async function run({ checkout = CHECKOUT, prepareCheckout = prepare } = {}) {
  // A reader that goes away (npm start | head -1) is no reason to fall over.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const dataDir = resolve(process.env.LEXCUSTIS_DATA_DIR || join(checkout, '.lexcustis'))
  const stopping = new AbortController()
  const current = {}
  onSignals({
    stop: (signal) => {
      say('Stopping')
      current.signal = signal
      stopping.abort()
    },
    kill: () => {
      current.isKilled = true
      void killAll(current.supervisor)
    },
  })
  let lock
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => void giveUp(error, dataDir, current.supervisor))
  }
  try {
    lock = takeLock(dataDir)
    await prepareCheckout(checkout, { say, signal: stopping.signal })
    stopping.signal.throwIfAborted()
    await serve(checkout, dataDir, stopping.signal, current)
    lock.release()
    // Killing ends the orderly stop as well, and may do so before it is done itself.
    process.exit(current.isKilled ? KILLED : 0)
  } catch (error) {
    lock?.release()
    // Stopped before it was ready: not a failure, and not a success either.
    if (stopping.signal.aborted) process.exit(EXIT_BY_SIGNAL[current.signal] ?? 1)
    fail(toFailure(error, dataDir))
  }
}

function takeLock(dataDir) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const lock = new Lock(join(dataDir, 'lock'))
  const holder = lock.acquire()
  if (holder === undefined) return lock
  throw new LauncherFailure(
    'ALREADY_RUNNING',
    `Lex Custis already runs on ${dataDir} (process ${holder.pid}); stop that one, or set LEXCUSTIS_DATA_DIR to another folder.`,
    { pid: holder.pid, data_dir: dataDir },
  )
}

/** Runs the stack until it is told to stop, or fails. */
async function serve(checkout, dataDir, signal, current) {
  const { describeReady, launch } = await import('../../packages/stack/dist/index.js')
  const options = { checkout, dataDir, env: process.env, say, signal }
  const stack = await launch(options, (supervisor) => {
    current.supervisor = supervisor
  })
  const { failed, ready } = stack
  const early = await Promise.race([
    importGuide(checkout, ready, { say, signal, env: process.env }),
    failed,
  ])
  const isReady = !early && !signal.aborted
  if (isReady) {
    process.stdout.write(`LEXCUSTIS_READY ${JSON.stringify(ready)}\n`)
    process.stderr.write(describeReady(ready))
  }

  const failure = early ?? (await Promise.race([failed, aborted(signal)]))
  await stack.stop()
  if (failure) throw failure
  if (!isReady) signal.throwIfAborted()
}

async function aborted(signal) {
  if (!signal.aborted)
    await new Promise((done) => signal.addEventListener('abort', done, { once: true }))
}

/** What nobody caught: nothing may be left running, and no stack trace shown. */
async function giveUp(error, dataDir, supervisor) {
  await supervisor?.kill().catch(() => undefined)
  fail(toFailure(error, dataDir))
}

async function killAll(supervisor) {
  say('Killing everything')
  await supervisor?.kill().catch(() => undefined)
  process.exit(KILLED)
}
