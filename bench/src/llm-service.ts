import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type TenantContext, uuidv7 } from '@lexcustis/core'
import { ChatDefinition, Role, type StreamChatRequest } from '@lexcustis/proto/llm'
import { createRpcClient } from '@lexcustis/rpc'
import { createTestCertificates, createTestTenantKeys, startTestPostgres } from '@lexcustis/testing'
import { listeningPort, residentMb } from './service-process.js'

const SERVICE = fileURLToPath(new URL('../../services/llm/', import.meta.url))
const CALL_MS = 600_000

export interface BenchedLlm extends AsyncDisposable {
  /** Text as it comes. */
  ask(question: string, signal?: AbortSignal): AsyncIterable<string>
  /** Of the service's process, as the system sees it. */
  residentMb(): number
}

/** The llm service in a process of its own, over gRPC with mutual TLS, in front of a provider. */
export async function startLlmProcess(providerUrl: string): Promise<BenchedLlm> {
  const folder = await mkdtemp(join(tmpdir(), 'lexcustis-bench-'))
  const postgres = await startTestPostgres()
  await postgres.migrate('llm', join(SERVICE, 'migrations'))
  const keys = await createTestTenantKeys()
  const certificates = await createTestCertificates(['llm', 'gateway'])
  const { ca, cert, key } = await certificates.write('llm', folder)
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const child = spawn(process.execPath, [join(SERVICE, 'dist/main.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      LEXCUSTIS_LIFELINE: 'stdin',
      LEXCUSTIS_PROFILE: 'embedded',
      LLM_LISTEN_HOST: '127.0.0.1',
      LLM_GRPC_PORT: '0',
      LLM_METRICS_PORT: '0',
      LLM_TLS_CA_FILE: ca,
      LLM_TLS_CERT_FILE: cert,
      LLM_TLS_KEY_FILE: key,
      LLM_TENANT_KEYS_FILE: await file('keys.json', JSON.stringify(keys.jwks)),
      LLM_DATABASE_URL_FILE: await file('database-url', postgres.url('lexcustis_llm')),
      LLM_PROVIDER: 'openai-compatible',
      LLM_BASE_URL: providerUrl,
      LLM_MODEL: 'scripted',
      LLM_DRAIN_MS: '0',
    },
  })
  const port = await listeningPort(createInterface({ input: child.stdout }))
  const tls = certificates.identity('gateway')
  const chat = createRpcClient(ChatDefinition, { address: `127.0.0.1:${port}`, peer: 'llm', tls })
  const tenant: TenantContext = {
    organizationId: uuidv7(),
    userId: uuidv7(),
    userRole: 'admin',
    kind: 'user',
    via: 'jwt',
  }
  return {
    ask: async function* (question, signal) {
      const tenantToken = await keys.sign(tenant, 'llm')
      const deadline = new Date(Date.now() + CALL_MS)
      const context = { tenantToken, deadline, signal }
      for await (const { event } of chat.streamChat(requestOf(question), context)) {
        if (event?.$case === 'delta') yield event.value
      }
    },
    residentMb: () => residentMb(child.pid),
    [Symbol.asyncDispose]: async () => {
      chat[Symbol.dispose]()
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await postgres[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function requestOf(content: string): StreamChatRequest {
  return {
    provider: 'openai-compatible',
    model: 'scripted',
    messages: [{ role: Role.USER, content, toolCalls: [], toolCallId: '' }],
    sources: [],
    stop: [],
    toolsJson: '',
    toolChoiceJson: '',
    responseFormatJson: '',
  }
}
