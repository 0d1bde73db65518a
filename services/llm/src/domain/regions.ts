/** Data that stays on the machines of the deployment goes nowhere. */
const LOCAL = 'local'

/** Codes of ISO 3166-1; Greece also as the Union writes it. */
const UNION =
  'at be bg cy cz de dk ee el es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk'.split(' ')
/** The states besides the Union to which the GDPR applies (Agreement on the EEA, Annex XI). */
const EEA_BESIDES = 'is li no'.split(' ')

/** What a name that stands for several regions covers. */
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ['eu', UNION],
  ['eea', ['eu', ...UNION, ...EEA_BESIDES]],
])

export const REGION = /^[a-z\d](?:[a-z\d-]{0,62}[a-z\d])?$/

/**
 * Whether data may go to `region` when only `allowed` are; none means anywhere. Names are declared by
 * whoever sets up a provider. `eu` covers its states, `eea` these and three more, and each name covers
 * its parts: `eu` also `eu-west-1`, `de` also `de-fra`. `local` is always allowed, since nothing leaves;
 * `unknown` never is.
 */
export function isRegionAllowed(region: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  const name = region.toLowerCase()
  if (name === LOCAL) return true
  const names = allowed.flatMap((one) => [one, ...(GROUPS.get(one) ?? [])])
  return names.some((one) => name === one || name.startsWith(`${one}-`))
}
