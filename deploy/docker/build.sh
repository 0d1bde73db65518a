#!/usr/bin/env bash
# Builds the images of this checkout: deploy/docker/build.sh [version]
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:-$(node -p 'require("./package.json").version')}
for target in gateway compliance rag llm audit migrate models; do
  docker build --quiet -f deploy/docker/Dockerfile --target "$target" -t "lexcustis/$target:$version" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD)" . >/dev/null
done
docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep "^lexcustis/.*:$version "
