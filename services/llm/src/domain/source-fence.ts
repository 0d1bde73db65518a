import type { Source } from './completion.js'

/** Where a source that did not fit ends. */
const CUT_MARK = '[cut here: the rest of this source did not fit]'

/** A source between tags of ours that nothing inside it can close. */
export function fenceSource({ n, title, text }: Source, isCut = false): string {
  const attribute = defuse(title).replaceAll('"', '”').replaceAll(/\s+/g, ' ').trim()
  const end = isCut ? `\n${CUT_MARK}` : ''
  return `<source n="${n}" title="${attribute}">\n${defuse(text)}${end}\n</source>`
}

/** Characters nobody sees, which can hide a tag or its end; line ends and tabs stay. */
const UNSEEN = /[\p{Cf}\p{Cs}]|(?![\n\t])\p{Cc}/gu
/** Less-than signs of other widths and as entities; models read them as the plain one. */
const LESS_THAN = /[＜﹤]|&(?:lt|LT|#0*60|#[xX]0*3[cC]);?/g
/**
 * Tags, end tags and markers of chat templates, like <|im_start|> or <<SYS>>, all begin with this
 * sign. It stays only before a number or another sign of arithmetic.
 */
const OPENING = /<(?![ \t]*[\d=.,-])/g
/** Markers of chat templates that come in square brackets. */
const BRACKETED =
  /\[(?=\s*\/?\s*(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w+|IMG\w*|THINK|ARGS|CALL_ID|PREFIX|SUFFIX|MIDDLE)\s*\])/gi

/**
 * A passage must not be able to close its own fence and speak from outside it, nor play a turn of the
 * conversation: every sign that could open a tag or a marker of a chat template becomes another one
 * that looks alike and opens nothing. A less-than sign before a number stays what it is.
 */
export function defuse(text: string): string {
  return text
    .replaceAll(UNSEEN, '')
    .replaceAll(LESS_THAN, '<')
    .replaceAll(OPENING, '‹')
    .replaceAll(BRACKETED, '⟦')
}
