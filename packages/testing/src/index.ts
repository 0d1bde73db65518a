export * from './certificates.js'
export * from './postgres.js'
export * from './redis.js'
export * from './scripted-provider.js'
export {
  type Expectation,
  listScenarios,
  parseScenario,
  readScenario,
  type ScriptedScenario,
} from './scripted-provider-scenario.js'
export * from './stack.js'
export * from './tenant-keys.js'
