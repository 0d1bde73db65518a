import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { ZipFile } from 'yazl'

/** Some bytes of a member; the members of an archive come one after another. */
export interface Piece {
  readonly member: string
  readonly data: Uint8Array
}

/** Most of it is base64: the fastest level takes away what base64 adds. */
const COMPRESSION_LEVEL = 1

/**
 * A zip of the pieces as they come, at the speed of whoever reads it. When the pieces end with an error
 * the stream does too, without the directory that a whole archive ends with. Destroying the stream ends
 * the pieces.
 */
export function zipOf(pieces: AsyncIterable<Piece>): Readable {
  const zip = new ZipFile()
  const output = new PassThrough()
  zip.outputStream.pipe(output)
  const fail = (error: unknown): void => {
    output.destroy(error instanceof Error ? error : new Error(String(error)))
  }
  // Types of yazl leave out that it is an emitter of errors.
  ;(zip as unknown as NodeJS.EventEmitter).on('error', fail)
  addMembers(zip, pieces, output).catch(fail)
  return output
}

async function addMembers(
  zip: ZipFile,
  pieces: AsyncIterable<Piece>,
  output: Readable,
): Promise<void> {
  const source = pieces[Symbol.asyncIterator]()
  try {
    let step = await source.next()
    const bytesOf = async function* (member: string): AsyncGenerator<Uint8Array> {
      for (; !step.done && step.value.member === member; step = await source.next()) {
        // An empty chunk would end a stream of bytes.
        if (step.value.data.length > 0) yield step.value.data
      }
    }
    while (!step.done) {
      const { member } = step.value
      const stream = Readable.from(bytesOf(member), { objectMode: false })
      const stop = () => stream.destroy(new Error('nobody reads any more'))
      if (output.destroyed) return
      output.once('close', stop)
      zip.addReadStream(stream, member, { compressionLevel: COMPRESSION_LEVEL })
      await once(stream, 'end')
      output.off('close', stop)
    }
    zip.end()
  } finally {
    await source.return?.()
  }
}
