import type { ChatMessage, Passage } from './request.js'

// The vault commits to exact text, so these two texts are part of the record format: RFC 8785 (JCS)
// of an array. Members are written in JCS order, and for strings and safe integers JSON.stringify
// is JCS, so no canonicaliser is needed.

/** `prompt`: `[{"content":…,"role":…},…]`, the conversation as the client sent it. */
export function promptText(messages: readonly ChatMessage[]): string {
  return JSON.stringify(messages.map(({ content, role }) => ({ content, role })))
}

/** `passages`: `[{"chunk":…,"document":…,"n":1,"text":…,"title":…,"version":1},…]`, as given to the model. */
export function passagesText(passages: readonly Passage[]): string {
  return JSON.stringify(
    passages.map(({ chunkId, documentId, n, text, title, version }) => ({
      chunk: chunkId,
      document: documentId,
      n,
      text,
      title,
      version,
    })),
  )
}
