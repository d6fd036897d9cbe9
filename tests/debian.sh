# Sourced: brings packages of Debian 13 into a folder without touching the system's packages or its apt settings.
# Expects $root (of the repository), $work (an empty folder) and fail(); the names are of the i386 architecture, or of sources.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || fail "it runs on Linux on x86-64 only; this is $(uname -s) on $(uname -m)"
command -v apt-get >/dev/null || fail "there is no apt-get here: this is neither Debian nor Ubuntu"
[ -r "$keyring" ] || fail "Debian's keyring is missing; run: sudo apt-get install debian-archive-keyring"

mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"

# The user root in the sandbox: apt's own user could not write here, and apt would warn of that.
private_apt() {
    (cd "$work/debs" && apt-get -qq \
        -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
        -o APT::Architecture=i386 -o APT::Architectures=i386 -o APT::Sandbox::User=root "$@") >>"$work/log" 2>&1
}

# fetch PACKAGES [SOURCE]: into $work/debs. apt itself names the mirrors in use, whichever way its sources are written. One that is
# not Debian's has no release of this name under Debian's key, and the next one is tried.
fetch() {
    apt-get update --print-uris | sed -n "/-security/d; s|^'\([^']*\)/dists/[^']*/main/binary-.*|\1|p" | uniq >"$work/mirrors"
    while read -r mirror; do
        for kind in deb ${2:+deb-src}; do
            echo "$kind [signed-by=$keyring] $mirror trixie main"
        done >"$work/sources.list"
        # shellcheck disable=SC2086
        private_apt update && private_apt download $1 </dev/null &&
            { [ -z "${2-}" ] || private_apt source --download-only "$2" </dev/null; } && return 0
    done <"$work/mirrors"
    [ ! -e "$work/log" ] || sed 's/^/  /' "$work/log" >&2
    fail "none of the mirrors that apt uses here holds Debian 13 (trixie) for i386; Ubuntu's do not, and a mirror may be out of reach"
}
