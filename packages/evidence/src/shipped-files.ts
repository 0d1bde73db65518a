/** The normative page; every export contains it. */
export const SPECIFICATION_FILE = new URL('../SPEC.md', import.meta.url)

/** The offline verifier as one page for a browser. Beside exports, not in them (SPEC.md, section 8). */
export const VERIFIER_PAGE = new URL('../verify.html', import.meta.url)

/** Folder of the JSON Schemas (draft 2020-12), one per type: `<type>.json`. */
export const ATTRS_SCHEMA_FOLDER = new URL('../schemas/', import.meta.url)
