#!/bin/sh
# crunch @VERSION@ for @TARGET@. Behind this script lies a compressed archive with all that the program needs. The
# first start unpacks it into the user's cache, into a directory named after its SHA-256; later ones find it there.
set -u
target=@TARGET@
sum=@SUM@
# The archive's first byte, counted from 1.
start=@START@
# Whether the cache could not be used.
elsewhere=

say() {
  printf 'crunch: %s\n' "$1" >&2
}

checksum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r
  else
    echo 'it cannot be verified without sha256sum, shasum or openssl' >&2
  fi
}

# Nobody else can have put anything there.
# shellcheck disable=SC3067 # -O is in every sh of the systems that this file is made for
is_mine() {
  [ -O "$1" ] && [ -d "$1" ] && [ ! -L "$1" ]
}

# Unpacks into $1/$sum, in one step for everybody who looks. Runs in a subshell. 2 where no other place is any better.
unpack() {
  umask 077
  mkdir -p "$1" || return
  is_mine "$1" || { echo "$1 belongs to somebody else" >&2; return 1; }
  # What was cut off long ago.
  find "$1" -name '.new-*' -prune -mtime +0 -exec rm -rf {} + 2>/dev/null
  work=$(mktemp -d "$1/.new-XXXXXX") || return
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  found=$(tail -c "+$start" "$program" | checksum) || return
  if [ "${found%% *}" != "$sum" ]; then
    [ -z "$found" ] || echo "$program is damaged: fetch it again" >&2
    return 2
  fi
  tail -c "+$start" "$program" | gzip -dc | tar -xf - -C "$work" || return
  if [ ! -x "$work/deno" ]; then
    echo "$1 does not allow programs" >&2
    return 1
  fi
  if ! problem=$("$work/deno" --version 2>&1); then
    printf '%s\n' "$problem" | tail -n 1 >&2
    echo "(this program is for $target@NEEDS@)" >&2
    return 2
  fi
  # mv would put it inside a directory that another start has published meanwhile; this fails then.
  if ! problem=$(DENO_DIR="$work/cache" DENO_NO_UPDATE_CHECK=1 "$work/deno" eval --no-config \
    'Deno.renameSync(...Deno.args)' "$work" "$1/$sum" 2>&1); then
    [ -x "$1/$sum/deno" ] && return
    printf '%s\n' "$problem" | tail -n 1 >&2
    return 1
  fi
}

# Replaces this script by the program in $1, so that signals reach it.
run() {
  dir=$1
  shift
  DENO_DIR=$dir/cache
  DENO_NO_UPDATE_CHECK=1
  export DENO_DIR DENO_NO_UPDATE_CHECK
  exec "$dir/deno" run @FLAGS@ --cached-only --node-modules-dir=manual \
    --config "$dir/app/deno.json" "$dir/app/main.ts" "$@"
}

# Runs the program from cache $1, if that is possible.
run_from() {
  cache=$1
  shift
  if ! { is_mine "$cache/$sum" && [ -x "$cache/$sum/deno" ]; }; then
    [ ! -t 2 ] || say "unpacking into $cache, once"
    reason=$(unpack "$cache" 2>&1)
    status=$?
    if [ "$status" != 0 ]; then
      say "cannot be unpacked into $cache: $(printf '%s' "$reason" | tail -n 2 | tr '\n' ' ')"
      [ "$status" != 2 ] || exit 1
      elsewhere=1
      return
    fi
  fi
  [ -z "$elsewhere" ] || say "uses $cache instead; XDG_CACHE_HOME names another place"
  run "$cache/$sum" "$@"
}

case $target in
  linux-*)
    # Deno asks there which file it is.
    if [ ! -L /proc/self/exe ]; then
      say 'needs /proc, which is not mounted here: mount -t proc proc /proc'
      exit 1
    fi
    ;;
esac
case $0 in
  */*) program=$0 ;;
  *) program=./$0 ;;
esac
case ${XDG_CACHE_HOME-} in
  /*) run_from "$XDG_CACHE_HOME/crunch" "$@" ;;
  *)
    # Another user's home, as sudo may leave it, is not the place for what this one runs.
    if [ -n "${HOME-}" ] && is_mine "$HOME/."; then
      run_from "$HOME/@CACHE@/crunch" "$@"
    else
      say "has no home directory of this user's to be unpacked into (HOME=${HOME-})"
      elsewhere=1
    fi
    ;;
esac
if [ -n "${XDG_RUNTIME_DIR-}" ] && is_mine "$XDG_RUNTIME_DIR"; then
  run_from "$XDG_RUNTIME_DIR/crunch-program" "$@"
fi
# Not below /tmp: where everybody may write, nothing is to be run from.
say 'needs a directory of this user to be unpacked into, once; name one:'
printf '  %s\n' 'export XDG_CACHE_HOME=/path/to/directory' >&2
exit 1
