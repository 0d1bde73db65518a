// `npm start`. Runs before anything is installed, and on Node versions that are too old: this file
// and tools/launcher/ use Node built-ins only, and this file nothing that old versions cannot parse.
import { fail } from './launcher/fail.mjs'

const NEEDED = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  fail({
    code: 'NODE_TOO_OLD',
    hint: `Node ${NEEDED.join('.')} or newer is needed and this is ${process.versions.node}; install one from https://nodejs.org and run npm start again.`,
    needed: `>=${NEEDED.join('.')}`,
    found: process.versions.node,
  })
} else {
  import('./launcher/run.mjs').then(({ run }) => run())
}
