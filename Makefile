# SPDX-License-Identifier: ISC
# One Makefile for everything. `make help` lists the targets.
#
#   make                       build/posternd, build/postern
#   make SAN=address,undefined the same below build/san-address-undefined/
#   make O=-O0                 other optimisation

FLOORS    := base mail io conf store gateway pop3 directory auth routing daemon
SAN       ?=
O         ?= -O2
CC        ?= gcc
PREFIX    ?= /usr/local
DESTDIR   ?=
comma     := ,

TOP       := build
B         := $(TOP)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)),)

PACKAGES  := libevent gnutls libsasl2 krb5-gssapi krb5 libconfuse libseccomp libidn2
VERSION   := 0.1

WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
             -Wundef -Wpointer-arith -Wwrite-strings -Werror
HARDEN    := $(if $(SAN),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
             -fcf-protection) -fPIE
CPPFLAGS  := -I. -D_GNU_SOURCE -DLDAP_DEPRECATED=0 -DPOSTERN_VERSION='"$(VERSION)"' \
             -DPOSTERN_PREFIX='"$(PREFIX)"'
CFLAGS    := -std=gnu17 -g $(O) $(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
             $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS   := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
LDLIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lldap -llber -lresolv -lpthread

MAINS     := daemon/posternd.c daemon/postern.c
SOURCES   := $(filter-out $(MAINS),$(wildcard $(addsuffix /*.c,$(FLOORS))))
OBJECTS   := $(SOURCES:%.c=$(B)/%.o)
LIB       := $(B)/libpostern.a

UNITS     := $(wildcard tests/unit/*/test_*.c)
UNIT_BINS := $(UNITS:%.c=$(B)/%)
FUZZES    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(FUZZES:%.c=$(B)/%)

.PHONY: all help clean
all: $(B)/posternd $(B)/postern

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/posternd: $(B)/daemon/posternd.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/postern: $(B)/daemon/postern.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A unit test is tests/unit/FOLDER/test_MODULE.c, one cmocka binary each.
$(UNIT_BINS): $(B)/%: $(B)/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# A fuzz target has LLVMFuzzerTestOneInput; replay.c runs a corpus through it with any compiler.
$(FUZZ_BINS): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: units fuzz-replay
units: $(UNIT_BINS)
fuzz-replay: $(FUZZ_BINS)

clean:
	rm -rf build

-include $(wildcard $(B)/*/*.d $(B)/tests/*/*.d $(B)/tests/unit/*/*.d)
