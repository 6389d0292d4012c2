#!/bin/sh
# Installs crunch for this user, from the relay that this script came from:
#   curl -fsS {{base}}/install.sh | {{insecure}}sh
# CRUNCH_INSTALL_DIR names another directory than ~/.local/bin; CRUNCH_INSTALL_KEY another key than the one below that
# signs releases; CRUNCH_INSTALL_INSECURE=1 takes what comes without TLS or without a signature.
set -eu

base='{{base}}'
command='{{command}}'
problem='{{problem}}'
# An Ed25519 key in base64; empty where releases are not signed.
key=${CRUNCH_INSTALL_KEY:-'{{key}}'}
insecure=${CRUNCH_INSTALL_INSECURE-}

say() {
  printf '%s\n' "$1" >&2
}

fail() {
  say "install.sh: $1"
  exit 1
}

# Over plain HTTP anybody on the way can change the program, and this script.
refuse_plain() {
  host=${base#http://}
  case $base in
    https://*) return ;;
    *) [ -z "$insecure" ] || return 0 ;;
  esac
  case $host in
    localhost | localhost:* | *.localhost | *.localhost:* | '[::1]' | '[::1]:'*) return ;;
    127.*)
      case ${host%:*} in
        *[!0-9.]*) ;;
        *) return ;;
      esac
      ;;
  esac
  say "install.sh: $base is not encrypted: anybody on the way could change what is installed."
  say 'Ask its operator for an https address, or where you trust the network, type:'
  say "  curl -fsS $base/install.sh | CRUNCH_INSTALL_INSECURE=1 sh"
  exit 1
}

# Whether the checksums in $1/sums are those that the owner of the key has signed.
verify() {
  if [ -z "$key" ]; then
    say 'not signed: only the checksum, which comes from the same relay, is compared'
    return
  fi
  if ! fetch "$base/download/SHA256SUMS.sig" >"$1/sig"; then
    [ -n "$insecure" ] || fail 'this relay has no signature of what it offers; CRUNCH_INSTALL_INSECURE=1 goes without'
    say 'this relay has no signature of what it offers; going on without'
    return
  fi
  case $(openssl pkeyutl -help 2>&1 || :) in
    *-rawin*) ;;
    *)
      say 'the signature is not verified: that needs OpenSSL 3; only the checksum is compared'
      return
      ;;
  esac
  printf -- '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA%s\n-----END PUBLIC KEY-----\n' "$key" >"$1/key"
  if ! openssl base64 -d -A -in "$1/sig" -out "$1/raw" 2>/dev/null ||
    ! openssl pkeyutl -verify -pubin -inkey "$1/key" -rawin -in "$1/sums" -sigfile "$1/raw" >/dev/null 2>&1; then
    fail "what this relay offers is not signed by $key: do not install it"
  fi
  say "verified the signature by $key"
}

platform() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "there is no crunch for $(uname -s) here; see $base/download" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no crunch for $(uname -m) here; see $base/download" ;;
  esac
  # A shell under Rosetta sees an Intel machine.
  if [ "$os-$arch" = macos-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
    arch=arm64
  fi
  printf '%s\n' "$os-$arch"
}

# Writes what is at $1 to standard output.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    case $1 in
      https://*) curl -fsSL --proto '=https' "$1" ;;
      *) curl -fsSL "$1" ;;
    esac
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O - "$1"
  else
    fail 'it needs curl or wget'
  fi
}

checksum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1"
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r "$1"
  else
    fail 'it needs sha256sum, shasum or openssl to verify what it fetches'
  fi
}

main() {
  [ -z "$problem" ] || fail "$problem"
  refuse_plain
  name=crunch-$(platform)
  directory=${CRUNCH_INSTALL_DIR-}
  if [ -z "$directory" ]; then
    [ -n "${HOME-}" ] || fail "it needs a home directory: set HOME or CRUNCH_INSTALL_DIR"
    directory=$HOME/.local/bin
  fi
  case $directory in
    /*) ;;
    *) directory=$PWD/$directory ;;
  esac
  # mv would put the program into it, and succeed.
  [ ! -d "$directory/crunch" ] ||
    fail "$directory/crunch is a directory; move it away, or name another place with CRUNCH_INSTALL_DIR"
  # In the same directory, so that the last step is one step.
  if ! mkdir -p "$directory" || ! work=$(mktemp -d "$directory/.crunch-XXXXXX"); then
    say "install.sh: cannot write to $directory; name another directory:"
    say "  export CRUNCH_INSTALL_DIR=/path/to/directory"
    exit 1
  fi
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  fetch "$base/download/SHA256SUMS" >"$work/sums" || fail "cannot fetch $base/download/SHA256SUMS"
  wanted=$(while read -r sum file; do
    [ "$file" != "$name" ] || printf '%s\n' "$sum"
  done <"$work/sums")
  [ -n "$wanted" ] ||
    fail "this relay has no $name; its operator puts it into the directory of --downloads"
  verify "$work"
  new=$work/crunch
  say "fetching $base/download/$name"
  fetch "$base/download/$name" >"$new" || fail "cannot fetch $base/download/$name"
  found=$(checksum "$new")
  [ "${found%% *}" = "$wanted" ] ||
    fail "what came is damaged: its SHA-256 is ${found%% *}, not $wanted; try again"
  chmod 755 "$new"
  version=$("$new" --version) || fail "$name does not start on this machine"
  mv -f "$new" "$directory/crunch"

  say "installed $(printf '%s\n' "$version" | head -n 1) as $directory/crunch"
  case :${PATH-}: in
    *":$directory:"*) ;;
    *)
      say 'Your shell does not look there for programs yet. Type this, and put it into ~/.profile:'
      say "  export PATH=\"$directory:\$PATH\""
      ;;
  esac
  if [ -z "$command" ]; then
    say 'Agents on other machines cannot reach this relay yet: its operator starts it with --tunnel :8021.'
    return
  fi
  say 'Publish a folder with'
  printf '  %s\n' "$command"
  say "NAME and its password are of an account that this relay's operator makes for you."
}

# Last of all, so that half a script does nothing.
main
