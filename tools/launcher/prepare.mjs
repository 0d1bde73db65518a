import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LauncherFailure } from './failure.mjs'
import { Lock } from './lock.mjs'

const WAIT_MS = 250

/** What runs from dist; their references bring in the other packages. Tests are not needed for it. */
const PROGRAMS = [
  'packages/stack',
  ...['audit', 'llm', 'rag', 'compliance', 'gateway'].map((name) => `services/${name}`),
]

/**
 * Installs and builds what is not up to date. Starts that happen at the same time, on other data
 * folders of the same checkout, wait for one another. Needs the network for an install only.
 */
export async function prepare(checkout, { say, signal, programs = PROGRAMS }) {
  const folder = join(checkout, '.lexcustis')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = new Lock(join(folder, 'prepare.lock'))
  for (let told = false; lock.acquire() !== undefined; told = true) {
    if (!told) say('Waiting for another start that installs or builds')
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    signal?.throwIfAborted()
  }
  try {
    if (!isInstalled(checkout)) await install(checkout, { say, signal })
    signal?.throwIfAborted()
    await build(checkout, { say, signal, programs })
  } finally {
    lock.release()
  }
}

/** Whether node_modules holds what package-lock.json asks for; npm keeps its own list of what it holds. */
function isInstalled(checkout) {
  const wanted = readPackages(join(checkout, 'package-lock.json'))
  const found = readPackages(join(checkout, 'node_modules/.package-lock.json'))
  if (!wanted || !found) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link) return true
    // Packages for other platforms are in the lock file and not here.
    if (!found[path]) return Boolean(entry.optional || entry.devOptional || entry.peer)
    return found[path].version === entry.version
  })
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

async function install(checkout, { say, signal }) {
  say('Installing packages (once; about a minute)')
  // NODE_ENV=production would leave out the compiler.
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--loglevel=error',
  ]
  const npm = process.env.npm_execpath
  const [command, prefix] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const env = {
    ...process.env,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    ONNXRUNTIME_NODE_INSTALL_CUDA: 'skip',
  }
  const { code, output } = await runQuietly(command, [...prefix, ...args], {
    cwd: checkout,
    env,
    signal,
  })
  if (code === 0) return
  if (/ENOSPC|no space left/i.test(output)) throw spaceLeft(checkout)
  const reason = /npm (?:error|ERR!) (?!code)(.*)/.exec(output)?.[1] ?? `npm ended with ${code}`
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network/i.test(output)
  const advice = offline
    ? 'connect to the internet, or set a registry with npm config,'
    : 'see what npm ci says,'
  throw new LauncherFailure(
    'INSTALL_FAILED',
    `The packages could not be installed (${reason}); ${advice} and run npm start again.`,
  )
}

async function build(checkout, { say, signal, programs }) {
  if (!existsSync(join(checkout, 'services/gateway/dist/main.js')))
    say('Building (once; about a minute)')
  const compiler = join(checkout, 'node_modules/typescript/bin/tsc')
  const args = [compiler, '-b', ...programs]
  const { code, output } = await runQuietly(process.execPath, args, {
    cwd: checkout,
    env: process.env,
    signal,
  })
  if (code === 0) return
  if (/ENOSPC|no space left/i.test(output)) throw spaceLeft(checkout)
  const [first = `tsc ended with ${code}`] = output.trim().split('\n')
  throw new LauncherFailure(
    'INSTALL_FAILED',
    `The sources do not compile (${first}); npx tsc -b shows everything.`,
  )
}

function spaceLeft(path) {
  return new LauncherFailure(
    'DISK_FULL',
    `There is no space left where ${path} is; free about 1 GB and run npm start again.`,
    { path },
  )
}

/** Runs a program and keeps what it says; it is not shown unless it fails. */
async function runQuietly(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (error.name === 'AbortError') reject(error)
      else resolve({ code: error.code, output: String(error) })
    })
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }))
  })
}
