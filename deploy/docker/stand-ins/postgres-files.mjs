// postgres-files.mjs <checkout> <folder>: the PostgreSQL of npm start, with the links it needs.
import { join } from 'node:path'

const [checkout, folder] = process.argv.slice(2)
const { copyBinaries, installedBinaries } = await import(
  join(checkout, 'packages/stack/dist/index.js')
)
await copyBinaries(installedBinaries(), folder)
