import { newMasterKey } from './key-commands.js'

process.exitCode = await newMasterKey(
  process.argv.slice(2),
  // eslint-disable-next-line no-restricted-properties -- a program of its own: this is its main file
  process.env,
  { out: (line) => console.log(line), err: (line) => console.error(line) },
)
