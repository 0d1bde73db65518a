import type { Schemas } from '@qdrant/js-client-rest'
import { QdrantRefusal } from './refusal.js'

type Payload = Readonly<Record<string, unknown>>

/** Whether a payload satisfies a filter of `must`, `match` and ranges of dates; others are refused. */
export function matches(payload: Payload, filter: Schemas['Filter'] | undefined): boolean {
  if (!filter) return true
  const { must, ...others } = filter
  if (Object.keys(others).length > 0) throw new QdrantRefusal(400, 'only must is here')
  const conditions = Array.isArray(must) ? must : must ? [must] : []
  return conditions.every((condition) =>
    'must' in condition
      ? matches(payload, condition)
      : holds(payload, condition as Schemas['FieldCondition']),
  )
}

function holds(payload: Payload, { key, match, range }: Schemas['FieldCondition']): boolean {
  const value = payload[key]
  if (match && 'value' in match) return value === match.value
  if (match && 'any' in match) return (match.any as unknown[]).includes(value)
  if (!range) throw new QdrantRefusal(400, 'only match and range are here')
  const time = typeof value === 'string' ? Date.parse(value) : NaN
  const bounds = range as Record<string, string | undefined>
  const { gte, lt, ...others } = bounds
  if (Object.keys(others).length > 0) throw new QdrantRefusal(400, 'only gte and lt are here')
  if (Number.isNaN(time)) return false
  return (
    (gte === undefined || time >= Date.parse(gte)) && (lt === undefined || time < Date.parse(lt))
  )
}
