/** The page that verifies an export in a browser, without a network (SPEC.md, section 7). */
import { openZipBundle } from '../src/bundle/zip-bundle.js'
import { formatFailure } from '../src/verify/format-failure.js'
import type { Report } from '../src/verify/report.js'
import { verifyBundle } from '../src/verify/verify-bundle.js'

const VERDICTS = {
  valid: 'Valid: everything that was checked holds.',
  invalid: 'Invalid: this bundle is not what it claims to be.',
  error: 'Not verified: verification could not start.',
} as const

const form = element('form', HTMLFormElement)
const drop = element('drop', HTMLElement)
const bundle = element('bundle', HTMLInputElement)
const keys = element('keys', HTMLTextAreaElement)
const previous = element('previous', HTMLTextAreaElement)
const progress = element('progress', HTMLProgressElement)
const button = element('verify', HTMLButtonElement)
const verdict = element('verdict', HTMLElement)
const result = element('result', HTMLElement)

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const [file] = bundle.files ?? []
  if (file) void verify(file)
})

drop.addEventListener('dragover', (event) => {
  event.preventDefault()
})
drop.addEventListener('drop', (event) => {
  event.preventDefault()
  if (event.dataTransfer?.files.length) bundle.files = event.dataTransfer.files
})

async function verify(file: Blob): Promise<void> {
  button.disabled = true
  progress.hidden = false
  progress.removeAttribute('value')
  verdict.textContent = ''
  result.replaceChildren()
  try {
    const read = async (offset: number, length: number): Promise<Uint8Array> =>
      new Uint8Array(await file.slice(offset, offset + length).arrayBuffer())
    const report = await verifyBundle(async () => openZipBundle({ size: file.size, read }), {
      keys: keys.value.split('\n').flatMap((line) => line.trim() || []),
      previous: previous.value.trim() === '' ? undefined : ended(previous.value),
      onProgress: ({ doneBytes, totalBytes }) => {
        progress.max = totalBytes
        progress.value = doneBytes
      },
    })
    show(report)
  } finally {
    button.disabled = false
    progress.hidden = true
  }
}

/** A text field may lose the line feed that a note ends with, and knows other line ends. */
function ended(note: string): string {
  return `${note.replaceAll('\r\n', '\n').trim()}\n`
}

function show(report: Report): void {
  verdict.textContent = VERDICTS[report.result]
  verdict.dataset['result'] = report.result
  result.replaceChildren(
    ...list('Failures', report.failures.map(formatFailure)),
    ...list('What holds', report.holds),
    ...list('What was not checked', report.not_checked),
    ...list('Notes', report.notes),
  )
  verdict.focus()
}

function list(title: string, lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return []
  const heading = document.createElement('h2')
  heading.textContent = title
  const items = document.createElement('ul')
  for (const line of lines) {
    const item = document.createElement('li')
    item.textContent = line
    items.append(item)
  }
  return [heading, items]
}

function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`)
  return found
}
