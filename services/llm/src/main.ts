import { runService } from '@lexcustis/runtime'
import { readConfig } from './config.js'
import { startLlm } from './service.js'

await runService({ name: 'llm', readConfig, start: startLlm })
