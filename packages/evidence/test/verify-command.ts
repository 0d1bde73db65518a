import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** Bundles the command from its sources into a folder, so that no test runs what was built before. */
export async function build(folder: string): Promise<string> {
  const evidence = fileURLToPath(new URL('..', import.meta.url))
  const bundle = await rolldown({
    input: join(evidence, 'src/bin/lexcustis-verify.ts'),
    cwd: evidence,
    platform: 'node',
    resolve: { conditionNames: ['lexcustis-source', 'node', 'import', 'default'] },
  })
  // As deep below package.json as in the package, which is where the command finds its version.
  const bin = join(folder, 'dist/bin')
  mkdirSync(bin, { recursive: true })
  cpSync(join(evidence, 'package.json'), join(folder, 'package.json'))
  await bundle.write({ dir: bin, format: 'es' })
  await bundle.close()
  return join(bin, 'lexcustis-verify.js')
}
