import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { MethodDefinition } from '@grpc/grpc-js'
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader'
import { describe, expect, test } from 'vitest'
import * as audit from './audit.js'
import * as compliance from './compliance.js'
import * as error from './error.js'
import * as llm from './llm.js'
import * as rag from './rag.js'
import { REASONS } from '@lexcustis/core'

const ROOT = fileURLToPath(new URL('../../../proto', import.meta.url))

function services(module: object): Record<string, MethodDefinition<unknown, unknown>>[] {
  return Object.entries(module)
    .filter(([name]) => name.endsWith('Definition'))
    .map(([, definition]) => definition as Record<string, MethodDefinition<unknown, unknown>>)
}

/** path → [request streams, response streams], as the .proto files say at run time. */
function fromProtoFiles(): Record<string, [boolean, boolean]> {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.proto'),
  )
  const loaded = loadSync(files, { includeDirs: [ROOT] })
  return Object.fromEntries(
    Object.values(loaded)
      .filter((entry): entry is ServiceDefinition => !('format' in entry))
      .flatMap((service) => Object.values(service))
      .map((method) => [method.path, [method.requestStream, method.responseStream]]),
  )
}

describe('the generated stubs', () => {
  test('have exactly the methods and streams of the .proto files', () => {
    const generated = Object.fromEntries(
      [audit, compliance, rag, llm]
        .flatMap(services)
        .flatMap((definition) => Object.values(definition))
        .map((method) => [method.path, [method.requestStream, method.responseStream]]),
    )
    expect(generated).toEqual(fromProtoFiles())
    expect(Object.keys(generated).length).toBeGreaterThan(30)
  })

  test('mirror the closed list of reasons', () => {
    const names = Object.keys(error.Reason).filter((name) => Number.isNaN(Number(name)))
    expect(names).toEqual(['UNSPECIFIED', ...REASONS])
  })

  test('keep 64-bit numbers as bigint', () => {
    const bytes = audit.Record.encode({
      sequence: 2n ** 63n - 1n,
      id: '',
      incarnation: '',
      canonical: Buffer.alloc(0),
      leaf: Buffer.alloc(0),
      mac: Buffer.alloc(0),
    }).finish()
    expect(audit.Record.decode(bytes).sequence).toBe(2n ** 63n - 1n)
  })
})
