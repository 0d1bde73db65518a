/** Makes a note of several pages, so that a writer can be killed in the middle of one. */
export const LONG_ROOT = 'A'.repeat(400_000)
