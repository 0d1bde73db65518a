import { restartCommand } from './restart-command.js'

process.exitCode = await restartCommand(process.argv.slice(2), process.env, {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
})
