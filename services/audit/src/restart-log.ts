import { restartCommand } from './restart-command.js'

process.exitCode = await restartCommand(
  process.argv.slice(2),
  // eslint-disable-next-line no-restricted-properties -- a program of its own: this is its main file
  process.env,
  { out: (line) => console.log(line), err: (line) => console.error(line) },
)
