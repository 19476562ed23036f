# A Docker engine that is the test's own: its data, its socket and its bridges are apart from any other engine on the
# machine, whose rules and containers it leaves alone. Sourced by run, which sets work, the test's own folder.

engine_pid=
data=$work/docker-data
programs=
engine_bridge=
engine_net=
forward_rule=()

# What is the same in every run is kept outside of the clone: the engine's programs, and its data with the images of
# others and all that was built. One run at a time has it; a second one at the same time does without.
use_cache() {
  data=$work/docker-data programs=
  mkdir -p "$test_cache" 2>/dev/null && exec 9>"$test_cache/lock" && flock --nonblock 9 || return 0
  data=$test_cache/docker-data programs=$test_cache/engine-$({ cat "$here/engine.bash"; date +%Y-%m; } | sha256sum | cut -c 1-16)
}

# Engine 26 and Compose 2.26 from Debian 13, unpacked beside those the machine may have: the compose file asks for
# start_interval, which Debian 12's engine does not know.
get_engine() {
  local mirror apt=$work/apt
  use_cache
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1)
  [[ -n $mirror ]] || fail 'apt has no Debian source to fetch the engine from: see apt-get indextargets.'
  echo "${mirror%/}" >"$work/mirror"
  if [[ -n $programs && -d $programs ]]; then
    cp --archive --reflink=auto "$programs" "$work/engine"
    return
  fi
  mkdir -p "$apt"/{lists,cache/archives}/partial "$apt/debs" "$work/engine"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror%/} trixie main" >"$apt/sources.list"
  local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  apt-get "${options[@]}" update
  (cd "$apt/debs" && apt-get "${options[@]}" download docker.io docker-cli docker-compose docker-buildx containerd)
  local package
  for package in "$apt"/debs/*.deb; do
    dpkg-deb -x "$package" "$work/engine"
  done
  rm -rf "$apt"
  if [[ -n $programs ]]; then
    rm -rf "$test_cache"/engine-[0-9a-f]*
    cp --archive --reflink=auto "$work/engine" "$programs.new"
    mv "$programs.new" "$programs"
  fi
}

start_engine() {
  local n
  # A network that nothing on the machine uses; whoever makes the bridge has it.
  for n in {213..249}; do
    [[ -z $(ip -4 route show root "10.$n.0.0/16") ]] && ip link add name "paasct$n" type bridge 2>/dev/null || continue
    engine_bridge=paasct$n engine_net=10.$n
    break
  done
  [[ -n $engine_net ]] || fail 'None of the networks 10.213.0.0/16 to 10.249.0.0/16 is free on this machine.'
  ip address add "$engine_net.0.1/24" dev "$engine_bridge"
  ip link set "$engine_bridge" up
  # With br_netfilter, what goes from container to container counts as forwarded.
  if [[ $(iptables -S FORWARD 2>/dev/null) == *'-P FORWARD DROP'* ]]; then
    forward_rule=(FORWARD -s "$engine_net.0.0/16" -d "$engine_net.0.0/16" -j ACCEPT)
    iptables -I "${forward_rule[@]}"
  fi

  mkdir -p "$work/docker-config"
  echo '{}' >"$work/daemon.json"
  echo "{\"cliPluginsExtraDirs\": [\"$work/engine/usr/libexec/docker/cli-plugins\"]}" >"$work/docker-config/config.json"
  export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/docker-config
  export PATH=$work/engine/usr/bin:$work/engine/usr/sbin:$PATH
  # In a session of its own: Ctrl-C is for the test, which stops it in order.
  setsid dockerd --config-file "$work/daemon.json" --data-root "$data" --exec-root "$work/docker-run" \
    --pidfile "$work/docker.pid" --host "$DOCKER_HOST" --bridge "$engine_bridge" --default-address-pool "base=$engine_net.128.0/17,size=24" \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
    --userland-proxy-path "$work/engine/usr/sbin/docker-proxy" --init-path "$(command -v tini-static)" \
    >"$work/dockerd.log" 2>&1 </dev/null &
  engine_pid=$!
  local deadline=$((SECONDS + 60))
  until docker version >/dev/null 2>&1; do
    kill -0 "$engine_pid" 2>/dev/null && ((SECONDS < deadline)) || { tail -n 20 "$work/dockerd.log" >&2; fail 'The engine did not start. Above is what it said.'; }
    sleep 0.2
  done
  clean_engine
}

# All but the images of others, and what is kept for the next build.
clean_engine() {
  docker ps --quiet --all | xargs --no-run-if-empty docker rm --force --volumes >/dev/null 2>&1
  docker volume ls --quiet | xargs --no-run-if-empty docker volume rm --force >/dev/null 2>&1
  docker network prune --force >/dev/null 2>&1
  docker images --quiet --filter label=io.paas.app | sort -u | xargs --no-run-if-empty docker rmi --force >/dev/null 2>&1
  docker image prune --force >/dev/null 2>&1
  return 0
}

# Takes away all there is of it, also after a failure in the middle.
remove_engine() {
  local pid link links mount deadline
  if [[ -n $engine_pid ]] && kill -0 "$engine_pid" 2>/dev/null; then
    clean_engine
    docker builder prune --force --keep-storage 8GB >/dev/null 2>&1
    kill "$engine_pid"
    deadline=$((SECONDS + 60))
    while kill -0 "$engine_pid" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.2; done
    kill -KILL "$engine_pid" 2>/dev/null
    wait "$engine_pid" 2>/dev/null
  fi
  # What an engine that was killed leaves behind: its containerd, and the shims with their containers.
  for pid in $(engine_processes); do kill -KILL "$pid" 2>/dev/null; done
  if [[ ${#forward_rule[@]} -gt 0 ]]; then iptables -D "${forward_rule[@]}"; fi
  if [[ -n $engine_net ]]; then
    # Its bridge, and those of networks that are left.
    links=$(ip -4 -o address show | awk -v net="$engine_net." 'index($4, net) == 1 { print $2 }')
    for link in $(printf '%s\n' "$engine_bridge" $links | sort -u); do ip link delete "$link"; done
  fi
  # The deepest first.
  awk -v work="$work/" -v data="$data/" 'index($2, work) == 1 || index($2, data) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do umount "$mount"; done
  rm -rf --one-file-system "$work"
}

# Those whose program or arguments are in the test's folder.
engine_processes() {
  local folder
  for folder in /proc/[0-9]*; do
    [[ ${folder#/proc/} != "$$" ]] || continue
    if [[ $(readlink "$folder/exe" 2>/dev/null) == "$work"/* || $(tr '\0' ' ' 2>/dev/null <"$folder/cmdline") == *"$work/docker-run"* ]]; then
      echo "${folder#/proc/}"
    fi
  done
}
