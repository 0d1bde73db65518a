/**
 * Writes packages/evidence/vectors/bundles: exports of the audit log, valid and tampered with. The same
 * sources give the same bytes; a test compares them with what is committed.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const evidence = fileURLToPath(new URL('../packages/evidence/', import.meta.url))
const bundles = join(evidence, 'vectors/bundles')
// Beside the sources, since they look for what is shipped one folder up.
const script = join(evidence, 'test', `.generate-vectors.${process.pid}.mjs`)

const bundle = await rolldown({
  input: join(evidence, 'test/make-golden-bundles.ts'),
  cwd: evidence,
  platform: 'node',
  resolve: { conditionNames: ['lexcustis-source', 'import', 'default'] },
})
try {
  await bundle.write({ file: script, format: 'es' })
  const { makeGoldenBundles } = await import(pathToFileURL(script).href)
  const files = await makeGoldenBundles()
  await rm(bundles, { recursive: true, force: true })
  for (const [path, bytes] of files) {
    const file = join(bundles, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
  console.log(`${files.size} files in packages/evidence/vectors/bundles`)
} finally {
  await bundle.close()
  await rm(script, { force: true })
}
