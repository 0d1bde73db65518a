import { createHash } from 'node:crypto'
import type { AppError } from '@lexcustis/core'
import { mib, uuidv7 } from '@lexcustis/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_UPLOAD_BYTES, readUpload, type UploadHeader, type UploadPart } from './read-upload.js'
import { UploadBudget } from './upload-budget.js'

const header = (fields: Partial<UploadHeader> = {}): UploadPart => ({
  header: {
    id: uuidv7(),
    name: 'notes.txt',
    mediaType: '',
    replaces: '',
    language: '',
    datedAt: undefined,
    source: '',
    ...fields,
  },
})
const data = (bytes: Uint8Array | string): UploadPart => ({ data: Buffer.from(bytes as string) })

async function* send(parts: readonly UploadPart[]): AsyncGenerator<UploadPart> {
  yield* parts
}
const read = async (parts: readonly UploadPart[], budget = new UploadBudget(mib(200))) =>
  readUpload(send(parts), budget)

describe('an upload', () => {
  test('is whole, however its bytes were cut', async () => {
    const text = 'Ünïcödé 🌴 text, with a byte order mark'
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const parts = at.slice(1).map((end, i) => data(bytes.subarray(at[i], end)))
        const upload = await read([header(), ...parts])
        expect(Buffer.concat(upload.parts)).toEqual(bytes)
        expect(upload.sizeBytes).toBe(bytes.length)
        expect(upload.sha256).toEqual(createHash('sha256').update(bytes).digest())
      }),
    )
  })

  test.each<[string, UploadPart[], string, RegExp]>([
    ['nothing', [], 'INVALID_INPUT', /header/],
    ['data first', [data('x'), header()], 'INVALID_INPUT', /first message must be the header/],
    ['two headers', [header(), header()], 'INVALID_INPUT', /twice/],
    ['an empty message', [header(), undefined], 'INVALID_INPUT', /neither/],
    ['no data', [header()], 'INVALID_INPUT', /empty/],
    ['empty data', [header(), data('')], 'INVALID_INPUT', /empty/],
    ['white space', [header(), data(' \n\t ')], 'INVALID_INPUT', /white space/],
    ['invalid UTF-8', [header(), data(Buffer.from([0x61, 0xff]))], 'INVALID_INPUT', /UTF-8/],
    ['UTF-8 cut off', [header(), data(Buffer.from([0x61, 0xc3]))], 'INVALID_INPUT', /UTF-8/],
    ['a surrogate', [header(), data(Buffer.from([0xed, 0xa0, 0x80]))], 'INVALID_INPUT', /UTF-8/],
    ['NUL', [header(), data('a\0b')], 'INVALID_INPUT', /NUL/],
    ['no id', [header({ id: '' }), data('x')], 'INVALID_INPUT', /UUIDv7/],
    ['no name', [header({ name: ' ' }), data('x')], 'INVALID_INPUT', /name/],
    ['a long name', [header({ name: 'x'.repeat(256) }), data('x')], 'INVALID_INPUT', /255/],
    ['NUL in name', [header({ name: 'a\0.txt' }), data('x')], 'INVALID_INPUT', /control/],
    ['a picture', [header({ mediaType: 'image/png' })], 'UNSUPPORTED_MEDIA_TYPE', /accepted are/],
    [
      'a picture that says it is a PDF',
      [header({ name: 'a.pdf' }), data(Buffer.from('89504e470d0a', 'hex'))],
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/pdf, but its bytes are those of a PNG image/,
    ],
    [
      'a PDF that says it is a text',
      [header(), data('%PDF-1.7 '), data('x'.repeat(2_000))],
      'UNSUPPORTED_MEDIA_TYPE',
      /text\/plain, but its bytes are those of a PDF/,
    ],
    [
      'an old Word document',
      [header({ name: 'a.docx' }), data(Buffer.from('d0cf11e0a1b11ae1', 'hex'))],
      'UNSUPPORTED_MEDIA_TYPE',
      /save it as \.docx/,
    ],
  ])('of %s is refused with a reason', async (_, parts, reason, message) => {
    const error = await read(parts).catch((failure: unknown) => failure as AppError)
    expect(error).toMatchObject({ reason })
    expect((error as AppError).message).toMatch(message)
  })

  test('takes a name of 255 characters, however many bytes they have', async () => {
    const name = `${'🌴'.repeat(251)}.txt`
    expect(await read([header({ name }), data('x')])).toMatchObject({ name })
  })

  test('is refused at the first byte above 50 MiB, without reading on', async () => {
    let sent = 0
    async function* endless(): AsyncGenerator<UploadPart> {
      yield header()
      for (;;) {
        sent += mib(1)
        yield data(Buffer.alloc(mib(1), 'x'))
      }
    }
    await expect(readUpload(endless(), new UploadBudget(mib(200)))).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
    })
    expect(sent).toBe(MAX_UPLOAD_BYTES + mib(1))
  })

  test('of exactly 50 MiB is accepted', async () => {
    const part = data(Buffer.alloc(mib(1), 'x'))
    const upload = await read([header(), ...Array.from({ length: 50 }, () => part)])
    expect(upload.sizeBytes).toBe(MAX_UPLOAD_BYTES)
  })

  test('has to wait when others hold the memory, which they give back when they end', async () => {
    const budget = new UploadBudget(10)
    const share = budget.open()
    share.take(8)
    await expect(read([header(), data('four')], budget)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    share[Symbol.dispose]()
    await expect(read([header(), data('four')], budget)).resolves.toMatchObject({ sizeBytes: 4 })
    await expect(read([header(), data('ten bytes!')], budget)).resolves.toMatchObject({
      sizeBytes: 10,
    })
  })
})
