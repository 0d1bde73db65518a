import { runService } from '@lexcustis/runtime'
import { readConfig } from './config.js'
import { startCompliance } from './service.js'

await runService({ name: 'compliance', readConfig, start: startCompliance })
