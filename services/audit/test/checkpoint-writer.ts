import { openDirectoryCheckpointStore } from '../src/adapters/directory-checkpoint-store.js'
import { LONG_ROOT } from './long-root.js'

/** A process that writes checkpoints into the folder named by its argument until it is killed. */
const store = await openDirectoryCheckpointStore(process.argv[2] ?? '')
const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
for (let size = 1n; ; size += 1n) {
  await store.put(log, size, `example.com/log\n${size}\n${LONG_ROOT}\n\n— example.com/log c2ln\n`)
  if (size === 1n) process.stdout.write('started\n')
}
