export const kib = (n: number): number => n * 1024
export const mib = (n: number): number => n * 1024 * 1024
