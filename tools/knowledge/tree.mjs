import { DomHandler, Parser } from 'htmlparser2'
import { ImportError } from './import-error.mjs'

/** EUR-Lex nests a few dozen elements; reading is recursive. */
const MAX_DEPTH = 400

/**
 * @typedef {import('domhandler').ChildNode} Node
 * @typedef {import('domhandler').Element} Element
 */

/** Builds the tree, and gives up where a page or a file cannot be what it claims to be. */
class GuardedHandler extends DomHandler {
  #depth = 0
  #parser
  #text

  constructor(text, isXml) {
    super(undefined, { xmlMode: isXml })
    this.#text = isXml ? text : undefined
  }

  onparserinit(parser) {
    this.#parser = parser
    super.onparserinit(parser)
  }

  onopentag(name, attributes) {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) {
      throw new ImportError(
        `nests elements deeper than ${MAX_DEPTH}; download the act from EUR-Lex again`,
      )
    }
    super.onopentag(name, attributes)
  }

  onclosetag(name, isImplied) {
    this.#depth -= 1
    // `<IE/>` closes itself; anything else that is closed without its end tag was cut off.
    if (isImplied && this.#text && this.#text[this.#parser.endIndex - 1] !== '/') {
      throw new ImportError(`is broken XML: the element ${name} is not closed; download it again`)
    }
    super.onclosetag(name, isImplied)
  }

  onprocessinginstruction(name, data) {
    // Formex needs none, and entities of one's own are how XML files attack their readers.
    if (this.#text && /^!doctype/i.test(name) && /\[|<!ENTITY/i.test(data)) {
      throw new ImportError('declares XML entities, which no file of EUR-Lex does; it is not read')
    }
  }

  oncomment() {}
}

/**
 * @param {string} text
 * @param {{ isXml: boolean }} options
 * @returns {import('domhandler').Document}
 */
export function parseTree(text, { isXml }) {
  const handler = new GuardedHandler(text, isXml)
  const parser = new Parser(handler, { xmlMode: isXml, decodeEntities: true })
  parser.write(text)
  parser.end()
  return handler.root
}

/** @param {Node} node @returns {node is Element} */
export function isElement(node) {
  return node.type === 'tag'
}

/** @param {{ children: Node[] }} parent @returns {Element[]} */
export function elementsOf(parent) {
  return parent.children.filter(isElement)
}

/**
 * Elements with one of the names, in the order of the document; none of what is inside them.
 * @param {{ children: Node[] }} parent
 * @param {(element: Element) => boolean} matches
 * @returns {Element[]}
 */
export function findAll(parent, matches) {
  return elementsOf(parent).flatMap((each) => (matches(each) ? [each] : findAll(each, matches)))
}

/** @param {Node | { children: Node[] }} node */
export function textOf(node) {
  if (node.type === 'text') return node.data
  return 'children' in node ? node.children.map(textOf).join('') : ''
}
