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
export {
  TINY_CONFIG,
  type Weights as TinyWeights,
  createWeights as createTinyWeights,
} from './tiny-model/weights.js'
export {
  tinyModelFiles,
  type TinyModelOptions,
  tinyVocabularySize,
  writeTinyModel,
} from './tiny-model/tiny-model.js'
