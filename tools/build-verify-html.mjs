/**
 * Builds packages/evidence/verify.html: the offline verifier as one page that needs nothing else. The
 * script in it is bundled and not minified, so that it can be read; the same sources give the same
 * bytes. With --check, fails when the committed page is another one.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const evidence = new URL('../packages/evidence/', import.meta.url)
const page = new URL('verify.html', evidence)

const bundle = await rolldown({
  input: fileURLToPath(new URL('browser/verify-page.ts', evidence)),
  cwd: fileURLToPath(evidence),
  platform: 'browser',
  resolve: { conditionNames: ['browser', 'lexcustis-source', 'import', 'default'] },
  // What only Node has must not be in the page, so it is an error and not left for the browser.
  onLog: (level, log) => {
    if (level !== 'warn') return
    throw new Error(log.message)
  },
})
const { output } = await bundle.generate({ format: 'es', minify: false, comments: { legal: true } })
await bundle.close()
const [{ code, imports, dynamicImports }, ...others] = output
if (others.length + imports.length + dynamicImports.length > 0) {
  throw new Error('the page has to be one script that imports nothing')
}

const license = await readFile(
  new URL('../node_modules/@noble/hashes/LICENSE', import.meta.url),
  'utf8',
)
const notice = `/*\n@noble/hashes, of which parts are below:\n\n${license.trim()}\n*/`
const template = await readFile(new URL('browser/verify-page.html', evidence), 'utf8')
// A script in a page ends at the first </script, also inside a string.
const script = `${notice}\n${code}`.replaceAll('</script', '<\\/script').trimEnd()
const html = template.replace(/^ *\/\*SCRIPT\*\/$/m, () => script)

if (process.argv.includes('--check')) {
  if ((await readFile(page, 'utf8')) !== html) {
    console.error('packages/evidence/verify.html is out of date: node tools/build-verify-html.mjs')
    process.exitCode = 1
  }
} else await writeFile(page, html)
