import { runService } from '@lexcustis/runtime'
import { readConfig } from './config.js'
import { startAudit } from './service.js'

await runService({ name: 'audit', readConfig, start: startAudit })
