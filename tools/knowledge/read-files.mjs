import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { assertAct } from './act.mjs'
import { actDocuments, guideDocument, markdownDocument } from './documents.mjs'
import { ImportError } from './import-error.mjs'
import { MAX_BYTES, recognise } from './recognise.mjs'

const READABLE = /\.(?:html?|xhtml|xml|json|md|markdown)$/i
const MAX_FILES = 2_000

/**
 * @typedef {{ file: string, problem: string }} Unreadable
 * @typedef {{ documents: import('./documents.mjs').PreparedDocument[], unreadable: Unreadable[] }} Read
 */

/**
 * Reads files and folders into documents; a file that cannot be read keeps none of the others from it.
 * @param {readonly string[]} paths
 * @param {import('./documents.mjs').Stated} stated
 * @param {{ guideFolder: string }} options files in that folder are the guide that ships
 * @returns {Promise<Read>}
 */
export async function readPaths(paths, stated, { guideFolder }) {
  const found = (await Promise.all(paths.map(filesOf))).flat()
  const documents = []
  const unreadable = found.filter(({ problem }) => problem !== undefined)
  const formex = []
  for (const { file } of found.filter(({ problem }) => problem === undefined)) {
    await attempt(file, unreadable, async () => {
      const recognised = await readOne(file)
      if (recognised.format === 'formex') formex.push({ file, ...recognised.formex })
      else documents.push(...toDocuments(file, recognised, stated, guideFolder))
    })
  }
  documents.push(...(await joinFormex(formex, stated, unreadable)))
  return { documents, unreadable }
}

/** @param {string} file */
export async function readOne(file) {
  const { size } = await stat(file)
  if (size > MAX_BYTES) throw new ImportError('is larger than 50 MiB; choose the text of one act')
  return recognise(await readFile(file))
}

function toDocuments(file, recognised, stated, guideFolder) {
  if (recognised.format !== 'guide') return actDocuments(file, recognised.act, stated)
  const isGuide = dirname(file) === guideFolder
  const { guide } = recognised
  return [isGuide ? guideDocument(file, guide) : markdownDocument(file, guide, stated)]
}

/** An act in Formex is a file of its own, and so is each annex; the catalogue knows the date. */
async function joinFormex(files, stated, unreadable) {
  const documents = []
  for (const main of files.filter(({ role }) => role === 'act')) {
    await attempt(main.file, unreadable, () => {
      const annexes = files.filter((each) => isAnnexOf(each, main))
      const catalogue = files.find((each) => isCatalogueOf(each, main))
      const units = [...main.act.units, ...annexes.flatMap(({ act }) => act.units)]
      const datedAt = main.act.datedAt ?? catalogue?.act.datedAt
      documents.push(...actDocuments(main.file, assertAct({ ...main.act, units, datedAt }), stated))
    })
  }
  const isAlone = (file) =>
    file.role === 'annex' && !files.some((main) => main.role === 'act' && isAnnexOf(file, main))
  for (const { file } of files.filter(isAlone)) {
    unreadable.push({
      file,
      problem: 'is an annex in Formex; import the folder that has the act too',
    })
  }
  if (files.length > 0 && files.every(({ role }) => role === 'catalogue')) {
    const problem = 'is the catalogue of a Formex package; import the folder that has the act'
    unreadable.push({ file: files[0].file, problem })
  }
  return documents
}

function isAnnexOf(file, main) {
  const isSame = file.package !== '' && file.package === main.package
  return file.role === 'annex' && isSame && dirname(file.file) === dirname(main.file)
}

function isCatalogueOf(file, main) {
  return file.role === 'catalogue' && file.package.split(' ').includes(basename(main.file))
}

/** A folder's own files, without READMEs; what is named is read whatever it is called. */
async function filesOf(path) {
  try {
    if (!(await stat(path)).isDirectory()) return [{ file: path }]
    const names = (await readdir(path)).filter(
      (name) => READABLE.test(name) && !/^readme\./i.test(name),
    )
    if (names.length === 0)
      return [{ file: path, problem: 'has no .html, .xml, .json or .md files' }]
    if (names.length > MAX_FILES)
      return [{ file: path, problem: `has more than ${MAX_FILES} files` }]
    return names.sort().map((name) => ({ file: join(path, name) }))
  } catch (error) {
    return [{ file: path, problem: `cannot be read (${error.code ?? 'unknown'}); check the path` }]
  }
}

async function attempt(file, unreadable, run) {
  try {
    await run()
  } catch (error) {
    if (error instanceof ImportError) unreadable.push({ file, problem: error.message })
    else if (error.code) unreadable.push({ file, problem: `cannot be read (${error.code})` })
    else throw error
  }
}
