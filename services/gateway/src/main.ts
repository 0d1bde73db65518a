import { runService } from '@lexcustis/runtime'
import { readConfig } from './config.js'
import { startGateway } from './service.js'

await runService({ name: 'gateway', readConfig, start: startGateway })
