import { readFileSync } from 'node:fs'
import {
  ATTRS_SCHEMA_FOLDER,
  type JsonObject,
  RECORD_TYPES,
  type RecordType,
} from '@lexcustis/evidence'
import { expect, test } from 'vitest'
import { createAttrsSchemas } from './ajv-attrs-schemas.js'

const schemas = createAttrsSchemas()
const vectors = new URL('../vectors/chain.json', ATTRS_SCHEMA_FOLDER)
const { records } = JSON.parse(readFileSync(vectors, 'utf8')) as {
  records: { envelope: { type: RecordType; attrs: JsonObject } }[]
}

test('the golden chain has every type', () => {
  expect(records.map(({ envelope }) => envelope.type)).toEqual(RECORD_TYPES)
})

test.each(records.map(({ envelope }) => [envelope.type, envelope.attrs] as const))(
  '%s: takes the golden attributes and nothing beside them',
  (type, attrs) => {
    expect(schemas.check(type, attrs)).toBeUndefined()
    expect(schemas.check(type, { ...attrs, unheard_of: 1 })).toContain('(unheard_of)')
  },
)

test.each(
  records.flatMap(({ envelope: { type, attrs } }) =>
    Object.keys(attrs).map((name) => [type, name, attrs] as const),
  ),
)('%s: %s has a type of its own', (type, name, attrs) => {
  const value = attrs[name]
  const wrong = typeof value === 'string' ? 1 : 'text'
  expect(schemas.check(type, { ...attrs, [name]: wrong })).toContain(`/${name}`)
})

test('a day that does not exist is no time', () => {
  const [, , , { envelope } = { envelope: undefined }] = records
  const attrs = { ...envelope?.attrs, ends_by: '2026-02-30T10:15:30.123456Z' }
  expect(schemas.check('chat.started', attrs)).toContain('/ends_by')
})
