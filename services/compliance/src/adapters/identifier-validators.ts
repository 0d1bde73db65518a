import { isIP } from 'node:net'
import { type CountryCode, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import validator from 'validator'
import type { IdentifierValidators } from '../domain/pii/recognizers.js'

/** States whose national formats are recognised: the Union, the EEA, Switzerland, Great Britain, NANP. */
const COUNTRIES: readonly CountryCode[] = [
  'DE', 'FR', 'IT', 'ES', 'PL', 'RO', 'NL', 'BE', 'CZ', 'SE', 'PT', 'GR', 'HU', 'AT', 'BG', 'DK', 'FI',
  'SK', 'IE', 'HR', 'LT', 'SI', 'LV', 'EE', 'CY', 'LU', 'MT', 'NO', 'IS', 'LI', 'CH', 'GB', 'US',
] // prettier-ignore

interface NumberingPlan {
  readonly country: CountryCode
  /** National prefix, then the national number (ITU-T E.164 data of libphonenumber). */
  readonly shape: RegExp
}

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
    // The shape is a cheap sieve; the library has the last word.
    isNationalPhone: (digits) =>
      plans.some(({ country, shape }) => shape.test(digits) && isValidIn(country, digits)),
  }
}

function isValidIn(country: CountryCode, digits: string): boolean {
  const options = { defaultCountry: country, extract: false }
  return parsePhoneNumberFromString(digits, options)?.isValid() ?? false
}

/** The members of libphonenumber's metadata that its typings leave out. */
interface RawNumberingPlan {
  nationalNumberPattern(): string
  nationalPrefix(): string | undefined
}

function readPlan(country: CountryCode): NumberingPlan {
  const metadata = new Metadata()
  metadata.selectNumberingPlan(country)
  const plan = metadata.numberingPlan as unknown as RawNumberingPlan
  const prefix = plan.nationalPrefix()
  return {
    country,
    shape: new RegExp(`^(?:${prefix ?? ''})?(?:${plan.nationalNumberPattern()})$`),
  }
}
