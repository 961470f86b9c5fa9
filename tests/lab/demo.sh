#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Shows the gateway at work in a domain of its own, and cleans up. Fails when any step did
# not give the answer it should. A running `make lab` is not disturbed.
set -euo pipefail
here=$(dirname "$0")
export LAB_NAME=${LAB_NAME:-postern-demo}
export LAB_DIR=${LAB_DIR:-$here/../../build/demo}
# shellcheck source=tests/lab/functions.sh
. "$here/functions.sh"

main() {
	need_root
	trap '"$here/lab-down.sh"' EXIT
	echo "== Setting up: an Active Directory domain and the gateway joined to it"
	"$here/lab-down.sh"
	"$here/lab-up.sh" >/dev/null
	echo "   CORP.EXAMPLE is up in a network namespace; mail.corp.example is a member of it."
	ip netns exec "$LAB_NAME" /usr/bin/python3 "$here/demo.py" "$LAB_DIR/lab.env" \
		"$(dirname "$posternd")/postern" || {
		tail -n 30 "$(sed -n 's/^LAB_LOG=//p' "$LAB_DIR/lab.env")" >&2
		die "the demonstration failed; above are the gateway's last log lines"
	}
}

main
