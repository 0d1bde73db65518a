import { readdir, readFile } from 'node:fs/promises'
import { ATTRS_SCHEMA_FOLDER, SPECIFICATION_FILE, VERIFIER_PAGE } from '@lexcustis/evidence'
import type { ShippedFile } from '../domain/export/ports.js'

/** SPEC.md, the schemas of attributes and the verifier's page, as they are in the evidence package. */
export async function readShippedFiles(): Promise<readonly ShippedFile[]> {
  const schemas = (await readdir(ATTRS_SCHEMA_FOLDER)).filter((name) => name.endsWith('.json'))
  const files = [
    { path: 'SPEC.md', url: SPECIFICATION_FILE },
    { path: 'verify.html', url: VERIFIER_PAGE },
    ...schemas.sort().map((name) => ({
      path: `schemas/${name}`,
      url: new URL(name, ATTRS_SCHEMA_FOLDER),
    })),
  ]
  return Promise.all(
    files.map(async ({ path, url }) => ({ path, text: await readFile(url, 'utf8') })),
  )
}
