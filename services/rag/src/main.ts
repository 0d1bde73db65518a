import { runService } from '@lexcustis/runtime'
import { readConfig } from './config.js'
import { startRag } from './service.js'

await runService({ name: 'rag', readConfig, start: startRag })
