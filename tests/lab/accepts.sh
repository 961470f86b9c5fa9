#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# accepts.sh ADDRESS PORT...: succeeds when each port takes a connection.
set -euo pipefail
address=$1
shift
for port in "$@"; do
	(exec 9<>"/dev/tcp/$address/$port") 2>/dev/null || exit 1
done
