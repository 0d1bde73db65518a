export * from './certificates.js'
export * from './postgres.js'
export * from './redis.js'
export * from './tenant-keys.js'
