#!/bin/sh
# Brings a MicroPython with 32-bit words, as on a device, into build/micropython32/: the one that Debian 13 packages for i386,
# which an x86-64 kernel runs at full speed. It is only unpacked; neither the system's packages nor its apt settings change.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/build/micropython32
interpreter=$home/micropython
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

mkdir -p "$root/build"
work=$(mktemp -d "$root/build/micropython32.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/root"

. "$root/tests/debian.sh"
fetch "$packages"

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
