type Part = AsyncDisposable | Disposable

/** Keeps a part until the whole is closed; returns it. */
export type Open = <T extends Part>(part: T) => T

/**
 * Builds a whole from parts that are opened one after another. When a later one fails, those before
 * it are closed; disposing the whole closes all of them. Last opened, first closed: calls end before
 * what they use is gone. `beforeClose` runs first.
 */
export async function openParts<T extends object>(
  build: (open: Open) => Promise<T & { readonly beforeClose?: () => void }>,
): Promise<T & AsyncDisposable> {
  const opened: Part[] = []
  const close = async (): Promise<void> => {
    for (let part = opened.pop(); part; part = opened.pop()) {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]()
      else part[Symbol.dispose]()
    }
  }
  try {
    const whole = await build((part) => {
      opened.push(part)
      return part
    })
    return {
      ...whole,
      [Symbol.asyncDispose]: async () => {
        whole.beforeClose?.()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
