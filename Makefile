# SPDX-License-Identifier: ISC
# One Makefile for everything. `make help` lists the targets.
#
#   make                       build/posternd, build/postern
#   make SAN=address,undefined the same below build/san-address-undefined/
#   make O=-O0                 other optimisation

FLOORS    := base mail io accounts conf store queue gateway pop3 directory auth routing domain daemon \
             frontend directory_role store_role relay resolver command
SAN       ?=
O         ?= -O2
CC        ?= gcc
PREFIX    ?= /usr/local
DESTDIR   ?=
comma     := ,

TOP       := build
B         := $(TOP)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)),)

PACKAGES  := libevent gnutls libsasl2 krb5-gssapi krb5 libconfuse libseccomp libcrypt libcurl jansson \
             libunbound libidn2
VERSION   := 0.1

WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
             -Wundef -Wpointer-arith -Wwrite-strings -Wno-format-truncation -Werror
HARDEN    := $(if $(SAN),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
             -fcf-protection) -fPIE
CPPFLAGS  := -I. -D_GNU_SOURCE -DLDAP_DEPRECATED=0 -DPOSTERN_VERSION='"$(VERSION)"' \
             -DPOSTERN_PREFIX='"$(PREFIX)"'
CFLAGS    := -std=gnu17 -g $(O) $(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
             $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS   := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
LDLIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lldap -llber -lpam -lresolv -lpthread

MAINS     := daemon/posternd.c command/postern.c
SOURCES   := $(filter-out $(MAINS),$(wildcard $(addsuffix /*.c,$(FLOORS))))
OBJECTS   := $(SOURCES:%.c=$(B)/%.o)
LIB       := $(B)/libpostern.a

UNITS     := $(wildcard tests/unit/*/test_*.c)
UNIT_BINS := $(UNITS:%.c=$(B)/%)
FUZZES    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(FUZZES:%.c=$(B)/%)

.PHONY: all help clean libraries
all: $(B)/posternd $(B)/postern

libraries:
	@pkg-config --exists $(PACKAGES) || { echo "a library or pkg-config is missing:" \
		"run sudo tests/lab/packages.sh build" >&2; exit 1; }

$(B)/%.o: %.c | libraries
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(B)/posternd: $(B)/daemon/posternd.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/postern: $(B)/command/postern.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A unit test is tests/unit/FOLDER/test_MODULE.c, one cmocka binary each.
$(UNIT_BINS): $(B)/%: $(B)/%.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# A fuzz target has LLVMFuzzerTestOneInput; replay.c runs a corpus through it with any compiler.
$(FUZZ_BINS): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Tools of scenarios.
$(B)/tests/scenario/%: $(B)/tests/scenario/%.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: units fuzz-replay
units: $(UNIT_BINS)
fuzz-replay: $(FUZZ_BINS)

# Coverage-guided fuzzing with clang: make fuzz FUZZ=smtp_server SECONDS=60
FUZZ    ?= smtp_server
SECONDS ?= 60
.PHONY: fuzz
fuzz:
	@mkdir -p $(TOP)/fuzz/new-$(FUZZ)
	clang $(CPPFLAGS) -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined \
		$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) \
		-o $(TOP)/fuzz/$(FUZZ) tests/fuzz/fuzz_$(FUZZ).c $(SOURCES) $(LDLIBS)
	$(TOP)/fuzz/$(FUZZ) -max_total_time=$(SECONDS) $(TOP)/fuzz/new-$(FUZZ) tests/fuzz/corpus/$(FUZZ)

-include tests/lab.mk tests/crash.mk

.PHONY: check test
check:
	tests/check_floors.sh

# Packages first, then a second make: pkg-config's answers are read when make starts.
test:
	tests/lab/packages.sh build lab test
	+$(MAKE) --no-print-directory all units fuzz-replay
	tests/run.sh

SBINDIR     := $(PREFIX)/sbin
BINDIR      := $(PREFIX)/bin
MANDIR      := $(PREFIX)/share/man
SYSCONFDIR  ?= /etc
UNITDIR     ?= $(SYSCONFDIR)/systemd/system

.PHONY: install
install: all
	install -D -m 755 $(B)/posternd $(DESTDIR)$(SBINDIR)/posternd
	install -D -m 755 $(B)/postern $(DESTDIR)$(BINDIR)/postern
	install -D -m 644 conf/postern.conf.sample $(DESTDIR)$(SYSCONFDIR)/postern/postern.conf.sample
	install -D -m 644 conf/postern-2003.conf.sample $(DESTDIR)$(SYSCONFDIR)/postern/postern-2003.conf.sample
	for text in failed delayed success; do install -D -m 644 conf/templates/$$text.txt \
		$(DESTDIR)$(SYSCONFDIR)/postern/templates/$$text.txt.sample || exit 1; done
	for page in posternd.8 postern.1 postern.conf.5; do \
		install -D -m 644 docs/man/$$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page || exit 1; done
	for schema in postern.schema postern.ldif postern-ad.ldf README.md; do \
		install -D -m 644 ldap-schema/$$schema $(DESTDIR)$(PREFIX)/share/postern/ldap-schema/$$schema || exit 1; done
	install -D -m 755 ldap-schema/samba.sh $(DESTDIR)$(PREFIX)/share/postern/ldap-schema/samba.sh
	install -D -m 644 conf/postern.pam $(DESTDIR)$(SYSCONFDIR)/pam.d/postern
	install -d $(DESTDIR)$(UNITDIR)
	for unit in postern.service postern-rotate.service postern-rotate.timer; do \
		sed 's|@SBINDIR@|$(SBINDIR)|; s|@BINDIR@|$(BINDIR)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' conf/$$unit \
			>$(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	$(if $(DESTDIR),@echo "users are not made below a DESTDIR: run conf/users.sh add",conf/users.sh add)

help:
	@echo "make            build/posternd and build/postern; SAN=address,undefined for a sanitizer build"
	@echo "make packages   (root) the Debian packages to build and test, without starting their services"
	@echo "make demo       (root) a whole Active Directory, the gateway, and what it does, step by step"
	@echo "make test       (root) every test; the last line is 'N passed, N failed'"
	@echo "make lab        (root) the same domain and gateway, left running; make lab-down removes it"
	@echo "make bench      (root) the comparison with Postfix and Dovecot; bench-up, bench-down"
	@echo "make check      includes respect the floors (docs/ARCHITECTURE.md)"
	@echo "make fuzz       FUZZ=smtp_server SECONDS=60, with clang"
	@echo "make crash      (root) the proofs by force in full, some minutes: kill -9, power cuts, full disks, overload"
	@echo "make install    PREFIX=/usr/local DESTDIR="
	@echo "make clean      removes build/"

clean:
	rm -rf build

-include $(wildcard $(B)/*/*.d $(B)/tests/*/*.d $(B)/tests/unit/*/*.d)
