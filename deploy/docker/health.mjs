// Health of a container: 0 while /readyz says that the service may be asked. Without a shell and
// without curl, which the image does not need to have.
const port = process.argv[2]
const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
  signal: AbortSignal.timeout(4_000),
}).catch((error) => ({ ok: false, text: async () => error.message }))
if (!answer.ok) {
  process.stdout.write(await answer.text())
  process.exitCode = 1
}
