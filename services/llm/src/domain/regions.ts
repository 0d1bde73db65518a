/** Data that stays on the machines of the deployment goes nowhere. */
const LOCAL = 'local'
/** What is declared when nobody knows: no promise can be kept with it. */
export const UNKNOWN = 'unknown'

/** Codes of ISO 3166-1; Greece also as the Union writes it. */
const UNION =
  'at be bg cy cz de dk ee el es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk'.split(' ')

/**
 * Regions of clouds inside the Union. By name and not by their beginning: AWS's eu-west-2 is London and
 * eu-central-2 is Zurich, Google's europe-west2 and europe-west6 are the same two.
 */
const CLOUDS_IN_THE_UNION = [
  // https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
  'eu-central-1 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-3',
  // https://cloud.google.com/about/locations
  'europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west3',
  'europe-west4 europe-west8 europe-west9 europe-west10 europe-west12',
  // https://learn.microsoft.com/azure/reliability/regions-list
  'austriaeast francecentral francesouth germanynorth germanywestcentral italynorth northeurope',
  'polandcentral spaincentral swedencentral swedensouth westeurope',
]
  .join(' ')
  .split(' ')

const EU = [...UNION, ...CLOUDS_IN_THE_UNION]
/** The states besides the Union to which the GDPR applies (Agreement on the EEA, Annex XI). */
const EEA = ['eu', ...EU, 'is', 'li', 'no', 'norwayeast', 'norwaywest']

/** What a name that stands for several regions covers. */
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ['eu', EU],
  ['eea', EEA],
])

export const REGION = /^[a-z\d](?:[a-z\d-]{0,62}[a-z\d])?$/

/**
 * Whether data may go to `region` when only `allowed` are; none means anywhere. Names are declared by
 * whoever sets up a provider, and only known ones are covered by another: a name that merely begins
 * with `eu-` has to be allowed by itself. `local` is always allowed, since nothing leaves; `unknown`
 * never is.
 */
export function isRegionAllowed(region: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true
  const name = region.toLowerCase()
  if (name === LOCAL) return true
  if (name === UNKNOWN) return false
  return allowed.some((one) => one === name || GROUPS.get(one)?.includes(name) === true)
}
