#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Runs the proofs by force one after the other; each says what it looks at in its first lines.
#
#   crash.sh [--short] [campaign] [power_cut] [exhaustion] [overload] [flood]
set -uo pipefail
cd "$(dirname "$0")" || exit 1
short=()
if [ "${1:-}" = --short ]; then
	short=(--short)
	shift
fi
[ $# -gt 0 ] || set -- campaign power_cut exhaustion overload flood
failed=0
for name in "$@"; do
	printf '== %s\n' "$name"
	timeout --kill-after=60 3600 "./$name.py" "${short[@]}" || failed=$((failed + 1))
done
if [ "$failed" = 0 ]; then
	echo "crash: nothing lost"
else
	echo "crash: $failed of $# failed"
	exit 1
fi
