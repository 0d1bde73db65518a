import { describe, expect, test } from 'vitest'
import { isRegionAllowed } from './regions.js'

describe('a region', () => {
  test.each([
    ['us', []],
    ['unknown', []],
    ['eu', ['eu']],
    ['EU', ['eu']],
    ['de', ['eu']],
    ['eu-west-1', ['eu']],
    ['westeurope', ['eu']],
    ['europe-west3', ['eea']],
    ['local', ['eu']],
    ['no', ['eea']],
    ['eu', ['eea']],
    ['us-east-1', ['eu', 'us-east-1']],
    ['ch', ['eu', 'ch']],
    ['eu-west-2', ['eu', 'eu-west-2']],
  ])('%s is allowed by %j', (region, allowed) => {
    expect(isRegionAllowed(region, allowed)).toBe(true)
  })

  test.each([
    ['us', ['eu']],
    ['unknown', ['eu']],
    ['unknown', ['unknown']],
    ['', ['eu']],
    ['europe', ['eu']],
    // London and Zurich.
    ['eu-west-2', ['eu']],
    ['eu-central-2', ['eea']],
    ['europe-west2', ['eu']],
    ['europe-west6', ['eea']],
    ['se-asia', ['eu']],
    ['de-fra', ['de']],
    ['no', ['eu']],
    ['gb', ['eea']],
    ['eu', ['de']],
    ['us-east-1', ['us']],
    ['constructor', ['eu']],
  ])('%s is not allowed by %j', (region, allowed) => {
    expect(isRegionAllowed(region, allowed)).toBe(false)
  })
})
