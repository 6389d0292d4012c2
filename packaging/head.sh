#!/bin/sh
# crunch @VERSION@ for @TARGET@. Behind this script lies a compressed archive with all that the program needs. The
# first start unpacks it into the user's cache, into a directory named after its SHA-256; later ones find it there.
set -u
target=@TARGET@
sum=@SUM@
# Files in the archive that are not empty.
count=@COUNT@
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

# Nobody but this user and root can put anything in the place of $1, an absolute path without links, or of what it lies
# in; else says how to mend that. Where the sticky bit is set, as for /tmp, others can only add something.
is_private() {
  path=$1
  set --
  while :; do
    set -- "$@" "$path"
    [ "$path" != / ] || break
    path=${path%/*}
    path=${path:-/}
  done
  # shellcheck disable=SC2012 # the path is what stands behind the eighth space
  LC_ALL=C ls -ldn "$@" | (
    me=$(id -u)
    seen=0
    while read -r mode _ owner _ _ _ _ _ path; do
      if [ "$owner" != 0 ] && [ "$owner" != "$me" ]; then
        echo "$path belongs to the user with id $owner; give a directory that lies in none of theirs"
        exit 1
      fi
      case $mode in
        ?????????[tT]*) ;;
        ?????w* | ????????w*)
          echo "others may write to $path; type: chmod go-w '$path'"
          exit 1
          ;;
      esac
      seen=$((seen + 1))
    done
    [ "$seen" = "$#" ] || { echo "$1 cannot be looked at"; exit 1; }
  )
}

# Others have never had a way into $1, and nothing of what was unpacked there is missing, emptied or changed.
is_complete() {
  is_mine "$1" && [ -f "$1/complete" ] && [ -s "$1/deno" ] && [ -x "$1/deno" ] || return
  case $(LC_ALL=C ls -ld "$1") in
    d???------*) ;;
    *) return 1 ;;
  esac
  command -v find >/dev/null 2>&1 || return 0
  found=$(find "$1/deno" "$1/app" -type f -size +0c ! -newer "$1/complete" -print 2>/dev/null | wc -l)
  [ "$((found))" = "$count" ]
}

# Unpacks into $1/$sum, in one step for everybody who looks. Runs in a subshell. 2 where no other place is any better.
unpack() {
  # What was cut off long ago.
  find "$1" \( -name '.new-*' -o -name '.old-*' \) -prune -mtime +0 -exec rm -rf {} + 2>/dev/null
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
  if ! problem=$(cd "$work" && DENO_DIR="$work/cache" DENO_NO_UPDATE_CHECK=1 "$work/deno" run -A \
    --no-config "$work/publish.ts" "$work" "$1/$sum" 2>&1); then
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

# Says why the cache cannot be used, in the words of $2.
refuse() {
  say "$1: $(printf '%s' "$2" | tail -n 2 | tr '\n' ' ')"
  elsewhere=1
}

# Makes directory $1 for this user, where nobody else can put anything in its place, and prints it without links.
prepare() {
  umask 077
  above=$1
  until [ -d "$above" ]; do
    above=${above%/*}
    above=${above:-/}
  done
  is_private "$(cd "$above" && pwd -P)" >&2 && mkdir -p "$1" || return
  is_mine "$1" || { echo "$1 is a link, or belongs to somebody else" >&2; return 1; }
  cd "$1" && pwd -P
}

# Runs the program from cache $1, if that is possible.
run_from() {
  cache=$1
  shift
  if ! real=$(prepare "$cache" 2>&1); then
    refuse "cannot be unpacked into $cache" "$real"
    return
  fi
  if ! is_complete "$real/$sum"; then
    [ ! -t 2 ] || say "unpacking into $cache, once"
    reason=$(umask 077 && unpack "$real" 2>&1)
    status=$?
    if [ "$status" != 0 ]; then
      refuse "cannot be unpacked into $cache" "$reason"
      [ "$status" != 2 ] || exit 1
      return
    fi
  fi
  # Whatever happened meanwhile.
  if ! reason=$(is_mine "$real/$sum" && is_private "$real/$sum"); then
    refuse "does not run from $cache" "$reason"
    return
  fi
  [ -z "$elsewhere" ] || say "uses $cache instead; XDG_CACHE_HOME names another place"
  run "$real/$sum" "$@"
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
# shellcheck disable=SC3013 # -ef is in every sh of the systems that this file is made for
if ! [ "${PWD-}" -ef . ]; then
  say 'the current directory is gone; go to one that is there:'
  printf '  cd\n' >&2
  exit 1
fi
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
