import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from 'testcontainers'

/** The version that compose.yaml runs. */
const IMAGE = 'qdrant/qdrant:v1.19.0'
const PORT = 6_333

export interface RealQdrant extends AsyncDisposable {
  readonly url: string
}

/**
 * The Qdrant at QDRANT_URL, or else one in a container; undefined where there is no container engine, or
 * where its image cannot be had.
 */
export async function qdrantForTests(): Promise<RealQdrant | undefined> {
  const url = process.env['QDRANT_URL']
  if (url) return { url, [Symbol.asyncDispose]: () => Promise.resolve() }
  try {
    const engine = await getContainerRuntimeClient()
    await engine.image.pull(ImageName.fromString(IMAGE), { force: false, platform: undefined })
  } catch {
    return undefined
  }
  // From here on a failure is one of Qdrant, and fails the tests.
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/readyz', PORT))
    .start()
  return {
    url: `http://${container.getHost()}:${container.getMappedPort(PORT)}`,
    [Symbol.asyncDispose]: async () => {
      await container.stop()
    },
  }
}
