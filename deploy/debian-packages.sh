#!/bin/sh
# Install the Debian packages of programs that tests run: `debian-packages.sh PROGRAM…`, each named as its package.
# Does nothing, at once, where all are there; says in a sentence what the machine lacks. No service of them is started.
set -eu

POLICY=/usr/sbin/policy-rc.d # asked by Debian's packages before they start a service; 101: do not

say() { echo "interfocal: $*" >&2; }

missing=
for program in "$@"; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
missing=${missing# }
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "The tests need $missing: run \`sudo apt-get install $missing\`, then this again."
    exit 1
fi
say "Installing $missing (once)"
if [ ! -e "$POLICY" ]; then
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 0755 "$POLICY"
fi
# shellcheck disable=SC2086  # a word for each package
{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing; } \
    >/dev/null 2>&1 || {
    say "$missing could not be installed: run \`apt-get install $missing\` by hand to see why, then this again."
    exit 1
}
