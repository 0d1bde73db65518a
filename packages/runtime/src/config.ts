import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** One thing that is wrong with the configuration, and what to do about it. */
export interface ConfigProblem {
  readonly name: string
  readonly problem: string
  readonly fix: string
}

/** Every problem of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(({ name, problem, fix }) => `${name}: ${problem}; ${fix}`).join('\n'))
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

interface ReadOptions {
  /** Other names accepted for a field: old or short name → name without prefix. */
  readonly aliases?: Readonly<Record<string, string>>
}

/**
 * Reads `<prefix>*` variables into a frozen object whose keys have no prefix. Unknown names with the
 * prefix are problems: a misspelt setting must not silently mean the default.
 * Throws ConfigError with every problem.
 */
export function readEnvironment<S extends z.ZodRawShape>(
  prefix: string,
  env: Environment,
  shape: S,
  options: ReadOptions = {},
): Readonly<z.output<z.ZodObject<S>>> {
  const given: Record<string, string> = {}
  for (const [alias, field] of Object.entries(options.aliases ?? {})) {
    const value = env[alias]
    if (value !== undefined) given[field] = value
  }
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(prefix) && value !== undefined) given[name.slice(prefix.length)] = value
  }
  const parsed = z.strictObject(shape).safeParse(given)
  if (parsed.success) return Object.freeze(parsed.data)
  throw new ConfigError(parsed.error.issues.flatMap((issue) => toProblems(issue, prefix, shape)))
}

function toProblems(
  issue: z.core.$ZodIssue,
  prefix: string,
  shape: z.ZodRawShape,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      name: prefix + key,
      problem: 'is not a setting of this service',
      fix: 'correct the spelling or remove it',
    }))
  }
  const key = String(issue.path[0])
  const missing = issue.code === 'invalid_type' && issue.input === undefined
  const schema = shape[key] as z.ZodType | undefined
  return [
    {
      name: prefix + key,
      problem: missing ? 'is not set' : issue.message,
      fix: `give ${schema?.description ?? 'a valid value'}`,
    },
  ]
}

const digits = z.string().regex(/^\d{1,15}$/, 'is not a whole number')

interface Range {
  readonly min?: number
  readonly max?: number
  readonly default: number
}

export function integer(range: Range): z.ZodType<number, string | undefined> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range
  return digits
    .transform(Number)
    .pipe(z.number().min(min, `is below ${min}`).max(max, `is above ${max}`))
    .default(range.default)
    .describe(`a whole number from ${min} to ${max}`)
}

export function port(value: number): z.ZodType<number, string | undefined> {
  return integer({ max: 65_535, default: value })
}

/** Text that must not be empty; required without a default. */
export function text(value?: string): z.ZodType<string, string | undefined> {
  const schema = z.string().trim().min(1, 'is empty')
  const described = value === undefined ? schema : schema.default(value)
  return described.describe('a text')
}

export function optionalText(): z.ZodType<string | undefined, string | undefined> {
  return z.string().trim().min(1, 'is empty').optional().describe('a text, or leave it out')
}

export function url(value?: string): z.ZodType<string, string | undefined> {
  const schema = z.url({ error: 'is not a URL' })
  const described = value === undefined ? schema : schema.default(value)
  return described.describe('a URL with its scheme')
}

export function flag(value: boolean): z.ZodType<boolean, string | undefined> {
  return z
    .enum(['true', 'false'], { error: 'is neither true nor false' })
    .transform((word) => word === 'true')
    .default(value)
    .describe('true or false')
}

/** Comma-separated; blanks around items do not count. */
export function list(value: readonly string[]): z.ZodType<readonly string[], string | undefined> {
  return z
    .string()
    .transform((line) =>
      line
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .default([...value])
    .describe('items separated by commas')
}

export function directory(value?: string): z.ZodType<string, string | undefined> {
  return text(value).describe('the path of a folder')
}

/** The variable holds a path; the value is what the file says, without the line end. */
export function secretFile(): z.ZodType<string, string> {
  return fileText().describe('the path of a readable file that is not empty')
}

export function optionalSecretFile(): z.ZodType<string | undefined, string | undefined> {
  return fileText().optional().describe('the path of a readable file, or leave it out')
}

/** The variable holds the path of a JSON file; the value is checked against `schema`. */
export function jsonFile<T>(schema: z.ZodType<T>): z.ZodType<T, string> {
  return fileText()
    .transform((content, context): unknown => {
      try {
        return JSON.parse(content) as unknown
      } catch {
        context.addIssue({ code: 'custom', message: 'is not a file of valid JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)
    .describe('the path of a JSON file')
}

function fileText(): z.ZodType<string, string> {
  return z.string().transform((path, context) => {
    try {
      const content = readFileSync(path, 'utf8').trim()
      if (content) return content
      context.addIssue({ code: 'custom', message: 'names an empty file' })
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
      context.addIssue({ code: 'custom', message: `names a file that cannot be read (${code})` })
    }
    return z.NEVER
  })
}
