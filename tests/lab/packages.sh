#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Installs the Debian 12 packages that building, the lab, the tests or the benchmark
# need, only those that are missing, and without starting any service.
#
#   packages.sh SET...     sets: build lab test bench; without any: build lab test
#   packages.sh -l SET...  only lists them
set -euo pipefail

# Each set as one function, so that the lists are read like data.
packages_build() {
	echo gcc libc6-dev make pkg-config libevent-dev libgnutls28-dev libldap-dev libsasl2-dev \
		libkrb5-dev libconfuse-dev libseccomp-dev libpam0g-dev libcrypt-dev libcurl4-gnutls-dev libjansson-dev libunbound-dev libidn2-dev \
		libcmocka-dev \
		libsasl2-2 libsasl2-modules libsasl2-modules-gssapi-mit
}

packages_lab() {
	echo samba samba-ad-provision samba-dsdb-modules samba-vfs-modules samba-common-bin ldb-tools python3-samba python3 winbind \
		slapd ldap-utils krb5-user adcli curl openssl iproute2 util-linux procps passwd mount
}

packages_test() {
	echo swaks msmtp mpop fetchmail faketime gss-ntlmssp python3-gssapi python3-openssl gnutls-bin valgrind libssl3 libnet-ssleay-perl \
		libauthen-sasl-perl e2fsprogs shellcheck strace nsd ldnsutils unbound \
		postfix dovecot-core dovecot-lmtpd dovecot-pop3d dovecot-gssapi
}

packages_bench() {
	echo postfix postfix-ldap dovecot-core dovecot-pop3d dovecot-ldap dovecot-gssapi gss-ntlmssp slapd ldap-utils \
		python3 openssl gcc procps
}

missing_packages() {
	local package status
	for package in "$@"; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || echo "$package"
	done
}

# Debian's maintainer scripts ask this program before they start a service.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
forbid_services() {
	if [ ! -e "$policy" ]; then
		policy_is_ours=yes
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
}

allow_services() {
	if [ -n "$policy_is_ours" ]; then
		rm -f "$policy"
	fi
}

# A test machine is not to become a server at its next start either.
disable_services() {
	local package units
	[ -d /run/systemd/system ] || return 0
	for package in "$@"; do
		case $package in
		samba) units='smbd nmbd samba-ad-dc' ;;
		winbind | slapd | postfix) units=$package ;;
		dovecot-core) units=dovecot ;;
		nsd | unbound) units=$package ;;
		*) continue ;;
		esac
		# shellcheck disable=SC2086 # several units
		systemctl --quiet disable $units 2>/dev/null || true
	done
}

install_packages() {
	if [ "$(id -u)" != 0 ]; then
		echo "packages.sh: run as root to install: $*" >&2
		exit 1
	fi
	trap allow_services EXIT
	forbid_services
	export DEBIAN_FRONTEND=noninteractive
	echo "installing: $*"
	apt-get -qq update
	# --no-remove: rather fail than replace, say, a mail server that is in use
	apt-get -qq install -y --no-install-recommends --no-remove "$@" </dev/null >/dev/null
	disable_services "$@"
}

main() {
	local list='' set
	if [ "${1:-}" = -l ]; then
		list=yes
		shift
	fi
	[ $# -gt 0 ] || set -- build lab test
	local wanted=() missing=()
	for set in "$@"; do
		case $set in
		build | lab | test | bench) read -ra more <<<"$("packages_$set")" ;;
		*) echo "packages.sh: unknown set $set" >&2 && exit 2 ;;
		esac
		wanted+=("${more[@]}")
	done
	if [ -n "$list" ]; then
		printf '%s\n' "${wanted[@]}" | sort -u
		return
	fi
	mapfile -t missing < <(missing_packages "${wanted[@]}" | sort -u)
	if [ ${#missing[@]} -gt 0 ]; then
		install_packages "${missing[@]}"
	fi
}

main "$@"
