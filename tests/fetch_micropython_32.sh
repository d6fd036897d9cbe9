#!/bin/sh
# Brings a MicroPython with 32-bit words, as on a device, into build/micropython32/: the one that Debian 13 packages for i386,
# which an x86-64 kernel runs at full speed. It is only unpacked; neither the system's packages nor its apt settings change.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/build/micropython32
interpreter=$home/micropython
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
packages="micropython libc6 libffi8 libmbedcrypto16 libmbedtls21 libmbedx509-7"
question='import sys; print(sys.maxsize)'

fail() {
    echo "fetch_micropython_32: $1." >&2
    echo "The tests also take any other MicroPython of 32-bit words: YUANLU_MICROPYTHON=/path/to/micropython" >&2
    exit 1
}

works() {
    [ "$("$interpreter" -c "$question" 2>/dev/null)" = 2147483647 ]
}

works && exit 0

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || fail "it runs on Linux on x86-64 only; this is $(uname -s) on $(uname -m)"
command -v apt-get >/dev/null || fail "there is no apt-get here: this is neither Debian nor Ubuntu"
[ -r "$keyring" ] || fail "Debian's keyring is missing; run: sudo apt-get install debian-archive-keyring"

mkdir -p "$root/build"
work=$(mktemp -d "$root/build/micropython32.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/tree/root"

# The user root in the sandbox: apt's own user could not write here, and apt would warn of that.
private_apt() {
    (cd "$work/debs" && apt-get -qq \
        -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
        -o APT::Architecture=i386 -o APT::Architectures=i386 -o APT::Sandbox::User=root "$@") >>"$work/log" 2>&1
}

# apt itself names the mirrors in use, whichever way its sources are written. One that is not Debian's has no release of this name
# under Debian's key, and the next one is tried.
fetch() {
    apt-get update --print-uris | sed -n "/-security/d; s|^'\([^']*\)/dists/[^']*/main/binary-.*|\1|p" | uniq >"$work/mirrors"
    while read -r mirror; do
        echo "deb [signed-by=$keyring] $mirror trixie main" >"$work/sources.list"
        # shellcheck disable=SC2086
        private_apt update && private_apt download $packages </dev/null && return 0
    done <"$work/mirrors"
    return 1
}

if ! fetch; then
    [ ! -e "$work/log" ] || sed 's/^/  /' "$work/log" >&2
    fail "none of the mirrors that apt uses here holds Debian 13 (trixie) for i386; Ubuntu's do not, and a mirror may be out of reach"
fi

for package in "$work"/debs/*.deb; do
    dpkg-deb -x "$package" "$work/tree/root"
done
libraries=$home/root/usr/lib/i386-linux-gnu
cat >"$work/tree/micropython" <<END
#!/bin/sh
exec "$libraries/ld-linux.so.2" --library-path "$libraries" "$home/root/usr/bin/micropython" "\$@"
END
chmod +x "$work/tree/micropython"
rm -rf "$home"
mv "$work/tree" "$home"

works || fail "the interpreter is unpacked but does not start: this kernel seems to lack IA32 emulation (32-bit programs)"
echo "$interpreter: $("$interpreter" -c 'import sys; print(sys.version)')"
