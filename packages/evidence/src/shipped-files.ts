/** The normative page; every export contains it. */
export const SPECIFICATION_FILE = new URL('../SPEC.md', import.meta.url)

/** The offline verifier as one page for a browser. Beside exports, not in them (SPEC.md, section 8). */
export const VERIFIER_PAGE = new URL('../verify.html', import.meta.url)
