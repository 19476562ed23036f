#!/usr/bin/env bash
# What the platform is measured against: the least that fetches a commit, builds, pushes and runs it, and waits for its
# first answer. pipeline.sh REPOSITORY SHA CACHE IMAGE EXPECTED [--no-cache]; or, to go back, pipeline.sh --run IMAGE EXPECTED.
# DOCKER_HOST and DOCKER_CONFIG name the engine and the registry's credentials.
set -euo pipefail

run() { # image, expected
  local old id port
  old=$(docker ps --quiet --filter label=bench)
  id=$(docker run --detach --init --label bench --env PORT=8000 --publish 127.0.0.1::8000 "$1")
  port=$(docker port "$id" 8000 | head -n 1)
  until [[ $(curl --silent "http://$port/") == "$2" ]]; do sleep 0.02; done
  [[ -z $old ]] || docker rm --force $old >/dev/null
}

if [[ $1 == --run ]]; then
  run "$2" "$3"
  exit
fi
repository=$1 sha=$2 cache=$3 image=$4 expected=$5
[[ -d $cache ]] || git init --quiet --bare "$cache"
git -C "$cache" fetch --quiet --depth 1 "$repository" "+$sha:refs/bench/last"
# BuildKit without the buildx component, which docker's own command would want for it.
git -C "$cache" archive "$sha" | curl --silent --fail --unix-socket "${DOCKER_HOST#unix://}" --header 'Content-Type: application/x-tar' \
  --data-binary @- "http://docker/build?version=2&t=$image${6:+&nocache=1}" | { ! grep '"error"' >&2; }
docker push --quiet "$image" >/dev/null
run "$image" "$expected"
