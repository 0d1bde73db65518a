/** Checks that need reference data (checksums, numbering plans); adapters bring them. */
export interface IdentifierValidators {
  /** RFC 5321/5322 address with a public domain name. */
  readonly isEmail: (text: string) => boolean
  /** ISO 13616: country, length, structure and mod-97; spaces and dashes do not count. */
  readonly isIban: (text: string) => boolean
  /** Brand range and Luhn (ISO/IEC 7812-1); spaces and dashes do not count. */
  readonly isPaymentCard: (text: string) => boolean
  /** 4, 6, or 0 when it is no IP address. */
  readonly ipVersion: (text: string) => 0 | 4 | 6
  /** A valid number of any country; `text` begins with `+`. */
  readonly isInternationalPhone: (text: string) => boolean
  /** A valid number in the national format of a European state or the NANP; digits only. */
  readonly isNationalPhone: (digits: string) => boolean
}
