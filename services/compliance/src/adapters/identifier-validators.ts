import { isIP } from 'node:net'
import { type CountryCode, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import validator from 'validator'
import type { IdentifierValidators } from '../domain/pii/recognizers.js'

/** States whose national formats are recognised: the Union, the EEA, Switzerland, Great Britain, NANP. */
const COUNTRIES: readonly CountryCode[] = [
  'DE', 'FR', 'IT', 'ES', 'PL', 'RO', 'NL', 'BE', 'CZ', 'SE', 'PT', 'GR', 'HU', 'AT', 'BG', 'DK', 'FI',
  'SK', 'IE', 'HR', 'LT', 'SI', 'LV', 'EE', 'CY', 'LU', 'MT', 'NO', 'IS', 'LI', 'CH', 'GB', 'US',
] // prettier-ignore

/** Real validators: libphonenumber's numbering plans, ISO 13616 and Luhn checksums, Node's IP parser. */
export function createIdentifierValidators(): IdentifierValidators {
  const plans = COUNTRIES.map(readPlan)
  return {
    isEmail: (text) => validator.isEmail(text),
    isIban: (text) => validator.isIBAN(text),
    isPaymentCard: (text) => validator.isCreditCard(text),
    ipVersion: (text) => isIP(text) as 0 | 4 | 6,
    isInternationalPhone: (text) =>
      parsePhoneNumberFromString(text, { extract: false })?.isValid() ?? false,
    // Parsing with the library would give the same answer 30 times slower, once per country.
    isNationalPhone: (digits) => plans.some((plan) => plan.test(digits)),
  }
}

/** The members of libphonenumber's metadata that its typings leave out. */
interface RawNumberingPlan {
  nationalNumberPattern(): string
  nationalPrefix(): string | undefined
}

/** National prefix, then the national number: what `isValid` compares with (ITU-T E.164 data). */
function readPlan(country: CountryCode): RegExp {
  const metadata = new Metadata()
  metadata.selectNumberingPlan(country)
  const plan = metadata.numberingPlan as unknown as RawNumberingPlan
  const prefix = plan.nationalPrefix()
  return new RegExp(`^(?:${prefix ?? ''})?(?:${plan.nationalNumberPattern()})$`)
}
