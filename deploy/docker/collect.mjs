// collect.mjs <workspace> <folder>: what one workspace runs on, and nothing else. Its own files and
// those of our packages that it needs (the `files` of package.json, migrations), production
// dependencies only, for this platform only; with a bill of materials and the licences of all of it.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

const [workspace, target] = process.argv.slice(2)
if (!workspace || !target) throw new Error('say: collect.mjs <workspace> <folder>')
const root = resolve(import.meta.dirname, '../..')
const out = resolve(target)

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** Our packages and the others, each once, as npm installed them. */
function dependencies() {
  const args = ['ls', '--omit=dev', '--all', '--parseable', '-w', workspace]
  const listed = execFileSync('npm', args, { cwd: root, encoding: 'utf8' }).trim().split('\n')
  const isWanted = (path) => path !== root && existsSync(path) && !COMPILERS.has(basename(path))
  return listed.filter(isWanted).sort()
}

/** Named by some packages as a peer, for whoever compiles against them. */
const COMPILERS = new Set(['typescript'])

/** A workspace: what its package.json says is to be published, and its migrations. */
function copyWorkspace(folder) {
  const place = join(out, relative(root, folder))
  const manifest = readManifest(folder)
  delete manifest.devDependencies
  delete manifest.scripts
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const name of [...(manifest.files ?? []), 'migrations', 'sql', 'data']) {
    const from = join(folder, name)
    if (existsSync(from)) cpSync(from, join(place, name), { recursive: true, filter: isNeeded })
  }
}

const NOT_NEEDED = /\.(?:tsbuildinfo|d\.ts|d\.ts\.map|test\.js|test\.js\.map)$/
const isNeeded = (path) => !NOT_NEEDED.test(path)

/** What packages bring along for other platforms and for other people's compilers. */
const NOT_RUN = /\.(?:d\.[cm]?ts|map|tsbuildinfo|markdown)$/
function copyDependency(folder) {
  const filter = (path) => !NOT_RUN.test(path) && basename(path) !== 'node_modules'
  // What lies in a node_modules of its own is listed by itself.
  cpSync(folder, join(out, relative(root, folder)), { recursive: true, filter })
}

/** onnxruntime-node has the libraries of every platform in one package. */
function dropOtherPlatforms() {
  const bin = join(out, 'node_modules/onnxruntime-node/bin')
  if (!existsSync(bin)) return
  for (const abi of readdirSync(bin)) {
    for (const platform of readdirSync(join(bin, abi))) {
      for (const arch of readdirSync(join(bin, abi, platform))) {
        if (platform !== process.platform || arch !== process.arch)
          rmSync(join(bin, abi, platform, arch), { recursive: true })
      }
    }
  }
}

function licencesOf(folders) {
  const lines = folders.map((folder) => {
    const { name, version, license, licenses } = readManifest(folder)
    const said = license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'see its files'
    return `${name}@${version}\t${typeof said === 'string' ? said : said.type}`
  })
  return `${[...new Set(lines)].sort().join('\n')}\n`
}

/** CycloneDX; without what differs from one build to the next. */
function billOfMaterials() {
  const args = ['sbom', '--omit=dev', '--sbom-format', 'cyclonedx', '-w', workspace]
  const bill = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }),
  )
  delete bill.serialNumber
  delete bill.metadata.timestamp
  return `${JSON.stringify(bill, null, 1)}\n`
}

const found = dependencies()
const isOurs = (path) => /^node_modules\/@lexcustis\//.test(relative(root, path))
const ours = found.filter(isOurs).map((path) => {
  const { name } = readManifest(path)
  const short = name.replace('@lexcustis/', '')
  return ['packages', 'services'].map((kind) => join(root, kind, short)).find((f) => existsSync(f))
})
mkdirSync(out, { recursive: true })
for (const folder of ours) copyWorkspace(folder)
for (const folder of found.filter((path) => !isOurs(path))) copyDependency(folder)
for (const folder of ours) {
  const { name } = readManifest(folder)
  const link = join(out, 'node_modules', name)
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(relative(dirname(link), join(out, relative(root, folder))), link)
}
dropOtherPlatforms()
if (workspace === 'packages/provision') {
  for (const name of readdirSync(join(root, 'services'))) {
    const folder = join('services', name, 'migrations')
    if (existsSync(join(root, folder)))
      cpSync(join(root, folder), join(out, folder), { recursive: true })
  }
}
writeFileSync(join(out, 'package.json'), `${JSON.stringify({ private: true, type: 'module' })}\n`)
writeFileSync(join(out, 'licences.tsv'), licencesOf(found))
writeFileSync(join(out, 'sbom.cdx.json'), billOfMaterials())
