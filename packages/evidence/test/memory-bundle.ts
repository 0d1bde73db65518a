import type { Bundle } from '../src/bundle/bundle.js'
import type { Report } from '../src/verify/report.js'
import { verifyBundle, type VerifyOptions } from '../src/verify/verify-bundle.js'
import { type BundleSpec, buildBundle, type Members } from './bundle-builder.js'
import { VKEY } from './test-log.js'

/** Members as a container that holds them in memory, in pieces of a few bytes. */
export function memoryBundle(members: Members, pieceBytes = 1_000): Bundle {
  return {
    members: new Map([...members].map(([path, { length }]) => [path, length])),
    async *open(path) {
      const bytes = members.get(path) ?? Buffer.alloc(0)
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        yield Uint8Array.from(bytes.subarray(at, at + pieceBytes))
      }
    },
    close: async () => undefined,
  }
}

export async function verifyMembersOf(
  members: Members,
  options: Partial<VerifyOptions> = {},
  pieceBytes?: number,
): Promise<Report> {
  return verifyBundle(async () => memoryBundle(members, pieceBytes), { keys: [VKEY], ...options })
}

export async function verifySpec(
  spec: BundleSpec,
  options: Partial<VerifyOptions> = {},
): Promise<Report> {
  return verifyMembersOf(await buildBundle(spec), options)
}
