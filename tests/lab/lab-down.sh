#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Removes the lab and every trace of it, whatever state it is in.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/lab/functions.sh
. "$here/functions.sh"
# shellcheck source=tests/lab/domain.sh
. "$here/domain.sh"

need_root
# shellcheck disable=SC2119
LAB_NAME=$lab_name "$here/gateway.sh" stop
processes_stop "$lab_pids"
namespace_down
rm -rf "$lab_state"
# LAB_DIR is a name that somebody gave: only what is ours there, and it itself when empty.
rm -f "$lab_dir/lab.env" "$lab_dir/lab.env.new"
rmdir "$lab_dir" 2>/dev/null || true
gateway_users_remove
