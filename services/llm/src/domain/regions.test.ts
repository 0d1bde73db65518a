import { describe, expect, test } from 'vitest'
import { isRegionAllowed } from './regions.js'

describe('a region', () => {
  test.each([
    ['us', []],
    ['unknown', []],
    ['eu', ['eu']],
    ['EU', ['eu']],
    ['de', ['eu']],
    ['de-fra', ['eu']],
    ['eu-west-1', ['eu']],
    ['local', ['eu']],
    ['no', ['eea']],
    ['fr', ['eea']],
    ['eu-central-1', ['eea']],
    ['us-east-1', ['eu', 'us']],
    ['ch', ['eu', 'ch']],
  ])('%s is allowed by %j', (region, allowed) => {
    expect(isRegionAllowed(region, allowed)).toBe(true)
  })

  test.each([
    ['us', ['eu']],
    ['unknown', ['eu']],
    ['', ['eu']],
    ['europe', ['eu']],
    ['eus', ['eu']],
    ['no', ['eu']],
    ['gb', ['eea']],
    ['deu', ['de']],
    ['eu', ['de']],
    ['constructor', ['eu']],
  ])('%s is not allowed by %j', (region, allowed) => {
    expect(isRegionAllowed(region, allowed)).toBe(false)
  })
})
