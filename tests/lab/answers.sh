#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# answers.sh [-g] ADDRESS PORT...: succeeds when each port takes a connection, with -g and
# greets on it.
set -euo pipefail
# shellcheck source=tests/lab/functions.sh
. "$(dirname "$0")/functions.sh"
test=accepts
if [ "$1" = -g ]; then
	test=greets
	shift
fi
address=$1
shift
for port in "$@"; do
	"$test" "$address" "$port" 2>/dev/null || exit 1
done
