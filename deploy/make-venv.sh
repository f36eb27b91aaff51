#!/bin/sh
# Make the virtual environment: `make-venv.sh PYTHON FOLDER`. Says in a sentence what the machine lacks.
set -eu
python=$1
venv=$2

say() { echo "interfocal: $*" >&2; }

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "Python 3.11 or newer is needed and \`$python\` is not; name another with PYTHON=... or install python3."
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "Python's venv module is missing: run \`sudo apt-get install python3-venv\`, then this again."
        exit 1
    fi
    say "Installing python3-venv"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv; } >/dev/null || {
        say "python3-venv could not be installed: install it by hand, then run this again."
        exit 1
    }
fi
if [ ! -x "$venv/bin/pip" ]; then
    say "Making the virtual environment $venv"
    "$python" -m venv --clear "$venv"
fi
say "Installing the locked dependencies (the first time takes a minute or two)"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || {
    say "The dependencies could not be installed: the first run needs the network."
    exit 1
}
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
# Else nine processes that start at once each compile the same files, and do so at every start where none may be kept.
"$venv/bin/python" -m compileall -q schemas producers consumers deploy/interfocal
