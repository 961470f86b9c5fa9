# SPDX-License-Identifier: ISC
# The lab, the benchmark and the demonstration. Included by the Makefile. Packages are
# installed before a second make builds: pkg-config's answers are read when make starts.

BENCH_PROGRAMS := $(addprefix $(B)/tests/bench/,loadgen sink bound bound_tls bound_ldap bound_gss delay_proxy)
BENCH_OBJECTS  := $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/load*.c))

$(B)/tests/bench/loadgen: $(BENCH_OBJECTS)
$(B)/tests/bench/bound_gss: $(B)/tests/bench/load_gss.o

$(BENCH_PROGRAMS): $(B)/tests/bench/%: $(B)/tests/bench/%.o
	$(CC) $(LDFLAGS) -o $@ $^ -lgnutls -lldap -llber -lgssapi_krb5 -lkrb5 -lpthread

# All processors, unless make was told otherwise.
LAB_JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: packages lab lab-down bench-programs bench-up bench-down bench demo
packages:
	tests/lab/packages.sh build lab test

lab:
	tests/lab/packages.sh build lab
	+$(MAKE) --no-print-directory $(LAB_JOBS) all
	POSTERND=$(B)/posternd tests/lab/lab-up.sh

lab-down:
	tests/lab/lab-down.sh

bench-programs: $(BENCH_PROGRAMS)

bench-up:
	tests/lab/packages.sh build lab
	+$(MAKE) --no-print-directory $(LAB_JOBS) all
	POSTERND=$(B)/posternd tests/bench/bench-up.sh

bench-down:
	tests/bench/bench-down.sh

bench:
	tests/lab/packages.sh build lab bench
	+$(MAKE) --no-print-directory $(LAB_JOBS) all bench-programs
	POSTERND=$(B)/posternd BENCH_PROGRAMS=$(B)/tests/bench tests/bench/bench.sh

demo:
	tests/lab/packages.sh build lab
	+$(MAKE) --no-print-directory $(LAB_JOBS) all
	POSTERND=$(B)/posternd tests/lab/demo.sh
