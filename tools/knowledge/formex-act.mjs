import { actIdOfTitle, findActId } from './celex.mjs'
import { findDate } from './dates.mjs'
import { formexLines, Notes, titleText } from './formex-lines.mjs'
import { ImportError } from './import-error.mjs'
import { elementsOf, findAll, parseTree, textOf } from './tree.mjs'
import { tidy } from './text.mjs'
import { recitalLabel } from './words.mjs'

const ACTS = new Set(['ACT', 'CONS.ACT'])
const ANNEXES = new Set(['ANNEX', 'CONS.ANNEX'])
/** Files of a package that hold no text of the act. */
const CATALOGUES = new Set(['DOC', 'PUBLICATION'])

/**
 * A file of a Formex package (https://op.europa.eu/en/web/eu-vocabularies/formex): the act, one of its
 * annexes, or the package's catalogue, which knows the day of publication.
 * @typedef {object} FormexFile
 * @property {'act' | 'annex' | 'catalogue'} role
 * @property {string} package name that the files of one act share
 * @property {Partial<import('./act.mjs').Act> & { units: import('./act.mjs').Unit[] }} act
 */

/**
 * Throws ImportError.
 * @param {string} xml
 * @returns {FormexFile}
 */
export function readFormex(xml) {
  const [root] = elementsOf(parseTree(xml, { isXml: true }))
  if (!root) throw new ImportError('is broken XML: it has no element; download it again')
  const named = packageOf(root)
  if (CATALOGUES.has(root.name)) {
    const act = { units: [], datedAt: publicationDate(root) }
    return { role: 'catalogue', package: fileOf(root), act }
  }
  if (ANNEXES.has(root.name)) {
    return { role: 'annex', package: named, act: { units: [annexUnit(root)] } }
  }
  if (!ACTS.has(root.name)) {
    throw new ImportError('is XML, but no act in Formex 4; choose Formex or HTML in EUR-Lex')
  }
  return { role: 'act', package: named, act: readAct(root) }
}

function readAct(root) {
  const one = (name) => findAll(root, (each) => each.name === name)[0]
  const info = one('INFO.CONSLEG')?.attribs
  const reference = /\d{4}[A-Z]{1,2}\d{4}/.exec(info?.['CONSLEG.REF'] ?? '')?.[0]
  const titleElement = elementsOf(one('CONS.DOC') ?? root).find(({ name }) => name === 'TITLE')
  const title = titleElement ? titleText(titleElement) : ''
  const language = tidy(textOf(one('LG.DOC') ?? one('LG.OJ') ?? { children: [] })).toLowerCase()
  const celex = one('NO.CELEX')
  const consolidatedAt = findDate(info?.['START.DATE'])
  const id =
    (reference && { base: reference }) || findActId(celex && textOf(celex)) || actIdOfTitle(title)
  return {
    title,
    units: unitsOf(root, language || 'en'),
    base: id?.base,
    consolidatedAt,
    datedAt: consolidatedAt,
    language: language || undefined,
  }
}

function unitsOf(root, language) {
  const notes = new Notes(root)
  const recitals = findAll(root, ({ name }) => name === 'CONSID').map((each, at) =>
    recitalUnit(each, at + 1, language, notes),
  )
  const [terms] = findAll(root, ({ name }) => name === 'ENACTING.TERMS')
  const articles = terms ? [...articlesOf(terms, [], notes)] : []
  const annexes = findAll(root, ({ name }) => ANNEXES.has(name)).map(annexUnit)
  return [...recitals, ...articles, ...annexes]
}

/** An amending act quotes articles of others: those stand inside its own and are text of it. */
function* articlesOf(parent, path, notes) {
  for (const child of elementsOf(parent)) {
    if (child.name === 'ARTICLE') yield articleUnit(child, path, notes)
    else if (child.name === 'DIVISION')
      yield* articlesOf(child, [...path, divisionTitle(child)], notes)
    else yield* articlesOf(child, path, notes)
  }
}

function divisionTitle(division) {
  const title = elementsOf(division).find(({ name }) => name === 'TITLE')
  return title ? labelled(title).filter(Boolean).join(' — ') : ''
}

/** TI and STI of a title. */
function labelled(title) {
  const parts = ['TI', 'STI'].map((name) => findAll(title, (each) => each.name === name))
  return parts.map((elements) => elements.map(titleText).join(' '))
}

function articleUnit(article, path, notes) {
  const named = (name) => elementsOf(article).filter((each) => each.name === name)
  const titles = ['TI.ART', 'STI.ART'].map((name) => named(name).map(titleText).join(' '))
  const body = article.children.filter((child) => !/^S?TI\.ART$/.test(child.name ?? ''))
  const [label = '', title = ''] = titles
  return {
    kind: 'article',
    label,
    title,
    path: path.filter(Boolean),
    lines: formexLines(body, notes),
  }
}

function recitalUnit(recital, position, language, notes) {
  const [first, ...rest] = formexLines(recital.children, notes)
  const number = /^\((\d+[a-z]?)\)\s*/.exec(first?.text ?? '')
  const text = first?.text.slice(number?.[0].length ?? 0) ?? ''
  const lines = first ? [{ ...first, text, indent: 0 }, ...rest] : rest
  return {
    kind: 'recital',
    label: recitalLabel(language, number?.[1] ?? position),
    title: '',
    path: [],
    lines,
  }
}

function annexUnit(annex) {
  const title = elementsOf(annex).find(({ name }) => name === 'TITLE')
  const [label = '', name = ''] = title ? labelled(title) : []
  const body = annex.children.filter((child) => child !== title)
  return {
    kind: 'annex',
    label: label || 'Annex',
    title: name,
    path: [],
    lines: formexLines(body, new Notes(annex)),
  }
}

/** `L_202401689EN.doc.xml`: what the files of a package refer to. */
function packageOf(root) {
  const [reference] = findAll(root, ({ name }) => name === 'DOCUMENT.REF')
  return reference?.attribs.FILE ?? ''
}

function fileOf(root) {
  const references = findAll(root, ({ name }) => name === 'REF.PHYS')
  return references.map(({ attribs }) => attribs.FILE ?? '').join(' ')
}

function publicationDate(root) {
  const [publication] = findAll(root, ({ name }) => name === 'PUBLICATION.REF')
  const [date] = publication ? findAll(publication, ({ name }) => name === 'DATE') : []
  return findDate(date?.attribs.ISO)
}
