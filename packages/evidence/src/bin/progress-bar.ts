import type { Progress } from '../verify/report.js'

const WIDTH = 30
const EVERY_MS = 100

/** A line on a terminal that says how far it is; nothing elsewhere. */
export function createProgressBar(stream: NodeJS.WriteStream): {
  readonly show: (progress: Progress) => void
  readonly clear: () => void
} {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined }
  let last = 0
  return {
    show: ({ doneBytes, totalBytes }) => {
      const now = performance.now()
      if (now - last < EVERY_MS) return
      last = now
      const share = totalBytes === 0 ? 1 : doneBytes / totalBytes
      const full = Math.round(share * WIDTH)
      const bar = '#'.repeat(full).padEnd(WIDTH, '.')
      stream.write(`\r[${bar}] ${Math.floor(share * 100)} %`)
    },
    clear: () => {
      stream.write('\r\x1b[K')
    },
  }
}
