# SPDX-License-Identifier: ISC
# The proofs by force. Included by the Makefile. CRASH="campaign power_cut" chooses some.

CRASH          ?= campaign power_cut exhaustion overload flood
CRASH_PROGRAMS := $(B)/tests/crash/power_driver

$(B)/tests/crash/power_driver: $(B)/tests/crash/power_queue.o

$(CRASH_PROGRAMS): $(B)/%: $(B)/%.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -Wl,--wrap=openat -Wl,--wrap=links_need_inode -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS)

.PHONY: crash crash-short crash-programs
crash-programs: $(CRASH_PROGRAMS)

crash:
	tests/lab/packages.sh build lab test
	+$(MAKE) --no-print-directory all crash-programs
	POSTERN_BUILD=$(abspath $(B)) tests/crash/crash.sh $(CRASH)

crash-short:
	+$(MAKE) --no-print-directory all crash-programs
	POSTERN_BUILD=$(abspath $(B)) tests/crash/crash.sh --short $(CRASH)
