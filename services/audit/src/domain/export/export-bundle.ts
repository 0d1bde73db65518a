import { AppError, type Clock, formatMicros, type TenantContext } from '@lexcustis/core'
import type { NoteSigner } from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { Keyring } from '../keyring.js'
import type { Receipt } from '../outcome.js'
import { announcedKeys, entitledTo } from '../signing/log-keys.js'
import type { Proofs } from '../signing/proofs.js'
import { ContentLines } from './content-lines.js'
import { type Closed, contentMember, type SignedCheckpoint } from './content-member.js'
import { ErasureLedger } from './erasure-ledger.js'
import { commonMembers, evidenceMembers, previousMembers } from './evidence-members.js'
import { formatManifest, signManifest } from './manifest.js'
import { MemberWriter } from './member-writer.js'
import { createFieldOpener } from './open-field.js'
import { planExport } from './plan.js'
import type { ExportReader, Piece, ShippedFile } from './ports.js'
import { type ExportRequest, readRequest } from './request.js'

export interface ExportDeps {
  readonly reader: ExportReader
  readonly keyring: Pick<Keyring, 'wrappingKey'>
  readonly proofs: Proofs
  readonly clock: Clock
  readonly origin: string
  /** First line of the checkpoints of a log. */
  readonly nameOf: (log: OrganizationLog) => string
  /** Keys held here, under the name of a log. */
  readonly signersOf: (log: OrganizationLog) => readonly NoteSigner[]
  readonly checkpointOfSize: (log: OrganizationLog, size: bigint) => Promise<string | undefined>
  /** The newest checkpoint, once it covers a record. Throws UNAVAILABLE. */
  readonly covering: (
    log: OrganizationLog,
    sequence: bigint,
    signal: AbortSignal,
  ) => Promise<SignedCheckpoint>
  /** Appends `dossier.exported` on behalf of the tenant. */
  readonly recordExport: (tenant: TenantContext, attrs: object) => Promise<Receipt>
  readonly shipped: () => Promise<readonly ShippedFile[]>
  /** Told of every bundle that is whole. */
  readonly onExported: (exported: Exported) => void
}

export interface Exported {
  readonly organizationId: string
  readonly kind: 'full' | 'range'
  readonly treeSize: bigint
  /** Lines of records.jsonl. */
  readonly records: number
}

/**
 * Streams a bundle of the newest log of the tenant's organisation (SPEC.md, section 8), in constant
 * memory. That it is exported is recorded, and signed, before anything leaves. Content goes first,
 * since the checkpoint has to be younger than what was read, and the manifest last. Throws
 * INVALID_INPUT, NOT_FOUND, UNAVAILABLE; in the middle as well, and then the bundle is void.
 */
export async function* exportBundle(
  deps: ExportDeps,
  tenant: TenantContext,
  asked: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  const { reader, proofs } = deps
  const { organizationId } = tenant
  const { period, previous, resumeAt } = await readRequest(deps, organizationId, asked)
  const kind = period ? 'range' : 'full'
  const receipt = await deps.recordExport(tenant, { kind, ...period })
  const { incarnation, sequence, recordedAt: now } = receipt
  const log = { organizationId, incarnation }
  await coveringOf(deps, log, sequence, signal)
  const plan = await planExport(reader, log, period, { size: sequence + 1n, now })

  const writer = new MemberWriter()
  const ledger = new ErasureLedger(reader, log, plan)
  const open = createFieldOpener(deps.keyring, log)
  const begin = plan.first > 0n ? plan.first - 1n : 0n
  const content = new ContentLines({ reader, log, ledger, open, signal }, begin)
  const covering = async (newest: bigint) => coveringOf(deps, log, newest, signal)
  let closed: Closed | undefined
  yield* writer.write(
    'content.jsonl',
    contentMember({ reader, plan, content, ledger, covering }, (end) => (closed = end)),
  )
  const { checkpoint, end } = assertClosed(closed)
  const { note, size } = checkpoint

  const keys = await reader.keyRecords(log, size)
  const erasures = ledger.included
  const input = { checkpoint, end, plan, writer, erasures, keys, resumeAt, signal }
  const counts = yield* evidenceMembers({ reader, proofs }, input)
  if ((await reader.minimumIndex(log)) > begin) throw pruned()
  if (previous > 0n) {
    const { hashes } = await proofs.consistency(log, previous, size)
    const earlier = await deps.checkpointOfSize(log, previous)
    yield* previousMembers(writer, earlier ?? '', hashes)
  }
  yield* commonMembers(writer, await deps.shipped(), note)

  const manifest = formatManifest({
    origin: deps.origin,
    log,
    createdAt: formatMicros(deps.clock.nowMicros()),
    treeSize: size,
    range: period && { first: plan.first, end, period },
    counts: { content: content.count, ...counts },
    members: writer.members,
  })
  const entitled = entitledTo(size, deps.signersOf(log), announcedKeys(keys))
  const signature = signManifest(manifest, deps.nameOf(log), note, entitled)
  yield { member: 'manifest.json', data: Buffer.from(manifest) }
  yield { member: 'manifest.sig', data: Buffer.from(signature) }
  deps.onExported({ organizationId, kind, treeSize: size, records: counts.records })
}

async function coveringOf(
  { covering }: ExportDeps,
  log: OrganizationLog,
  sequence: bigint,
  signal: AbortSignal,
): Promise<SignedCheckpoint> {
  const checkpoint = await covering(log, sequence, signal)
  if (checkpoint.log.incarnation === log.incarnation) return checkpoint
  throw new AppError('UNAVAILABLE', 'the log was started anew meanwhile; export it again')
}

/** Some of what the bundle promises may be gone: it would not verify. */
function pruned(): AppError {
  const message = 'records of this export were pruned meanwhile; export it again'
  return new AppError('UNAVAILABLE', message, { retryAfterMs: 1_000 })
}

function assertClosed(closed: Closed | undefined): Closed {
  if (closed) return closed
  throw new AppError('INTERNAL', 'content ended without a checkpoint')
}
