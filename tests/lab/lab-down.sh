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
rm -rf "$lab_state" "$lab_dir"
gateway_users_remove
