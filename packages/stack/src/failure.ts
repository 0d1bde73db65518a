/** Why a start ends; the closed list that scripts match on. */
export type FailureCode =
  | 'PORT_BUSY'
  | 'ALREADY_RUNNING'
  | 'DISK_FULL'
  | 'DATA_DAMAGED'
  | 'NODE_TOO_OLD'
  | 'INSTALL_FAILED'
  | 'CHILD_DIED'

/** A failure that a person can do something about. `hint` is one sentence that says what. */
export class StackFailure extends Error {
  override readonly name = 'StackFailure'

  constructor(
    readonly code: FailureCode,
    readonly hint: string,
    readonly detail: Readonly<Record<string, unknown>> = {},
    options: { readonly cause?: unknown } = {},
  ) {
    super(hint, options)
  }
}

/** Whether an error of the file system says that the disk (or the quota) is full. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export function diskFull(path: string, cause?: unknown): StackFailure {
  return new StackFailure(
    'DISK_FULL',
    `There is no space left where ${path} is; free some and run npm start again, nothing is lost.`,
    { path },
    { cause },
  )
}
