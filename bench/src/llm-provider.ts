import { parentPort } from 'node:worker_threads'
import { parseScenario, startScriptedProvider } from '@lexcustis/testing'

/** A scripted provider on a thread of its own, so that it answers while others are busy. */
const PER_SECOND = 100
const TOKENS = 20
const HELD_TOKEN_MS = 2_000

const expectFinished = { outcome: 'finished' }
const stamped = parseScenario(
  {
    about: 'Sends tokens that say when they were sent.',
    expect: expectFinished,
    replies: [
      {
        steps: [
          { repeat: { times: TOKENS, perSecond: PER_SECOND, steps: [{ stamps: 1 }] } },
          { finish: 'stop' },
          { usage: { prompt_tokens: 1, completion_tokens: TOKENS } },
          { done: true },
        ],
      },
    ],
  },
  'stamped',
)
const held = parseScenario(
  {
    about: 'Goes on for as long as anybody listens, a token now and then.',
    expect: expectFinished,
    replies: [
      { steps: [{ repeat: { steps: [{ text: ['token '] }, { waitMs: HELD_TOKEN_MS }] } }] },
    ],
  },
  'held',
)

const provider = await startScriptedProvider({ scenario: stamped })
parentPort?.on('message', (name) => {
  provider.setScenario(name === 'held' ? held : stamped)
})
parentPort?.postMessage(provider.url)
