/** Folder of the JSON Schemas (draft 2020-12), one per type: `<type>.json`. */
export const ATTRS_SCHEMA_FOLDER = new URL('../schemas/', import.meta.url)
