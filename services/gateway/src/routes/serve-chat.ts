import type { FastifyReply } from 'fastify'
import type { Chat } from '../domain/chat/chat.js'
import type { Opening } from '../domain/chat/ports.js'
import type { ChatRequest } from '../domain/chat/request.js'
import type { ChatResult } from '../domain/chat/result.js'
import type { RunningChats } from '../domain/chat/running-chats.js'
import { EventStream, watchClient } from '../sse.js'

/** The chat of this process and the chats it runs. */
export interface ChatService {
  readonly chat: Chat
  readonly running: RunningChats
  readonly keepaliveMs?: number
}

/** How one API says things in a stream. */
export interface StreamVoice {
  /** Frames right behind the headers. */
  open(opening: Opening): string
  text(text: string): string
  /** The last frames, whatever happened. */
  close(result: ChatResult): string
}

/** Streams a chat. Rejects only while nothing was sent, so that the failure gets its own status. */
export async function streamChat(
  { chat, running, keepaliveMs }: ChatService,
  request: ChatRequest,
  reply: FastifyReply,
  voice: StreamVoice,
): Promise<FastifyReply> {
  const stop = running.begin()
  const unwatch = watchClient(reply.raw, () => stop.now('client_cancelled'))
  const stream = new EventStream(reply, {
    encodeText: (text) => voice.text(text),
    ...(keepaliveMs === undefined ? {} : { keepaliveMs }),
  })
  const audience = {
    open: (opening: Opening) => stream.open(voice.open(opening)),
    deliver: (text: string) => stream.text(text),
  }
  try {
    const result = await chat(request, audience, stop)
    stream.end(voice.close(result))
  } finally {
    unwatch()
    running.end(stop)
  }
  return reply
}

const NOBODY_LISTENS = { open: () => undefined, deliver: () => undefined }

/** Answers a chat as a whole: the same chat, the same verdicts, the same records. */
export async function completeChat(
  { chat, running }: ChatService,
  request: ChatRequest,
  reply: FastifyReply,
): Promise<ChatResult> {
  const stop = running.begin()
  const unwatch = watchClient(reply.raw, () => stop.now('client_cancelled'))
  try {
    return await chat(request, NOBODY_LISTENS, stop)
  } finally {
    unwatch()
    running.end(stop)
  }
}
