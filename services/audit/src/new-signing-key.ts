import { newSigningKey } from './key-commands.js'

process.exitCode = await newSigningKey(process.argv.slice(2), {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
})
