# SPDX-License-Identifier: MIT
# GNU make.  Everything is built in $(B); `make help' lists the targets.

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
B ?= build
# CPPFLAGS, LDFLAGS, DESTDIR: as usual.  SAN=address,undefined: sanitizers.
# WERROR=1 (or CI=true): warnings are errors.
FUZZ_SECONDS ?= 10

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

version := $(file < VERSION)
warnings = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wundef $(if $(filter true 1,$(CI) $(WERROR)),-Werror)
sanitize = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
cppflags = -I. -D_GNU_SOURCE $(CPPFLAGS)
cflags = -std=c11 $(warnings) $(CFLAGS) $(sanitize)
ldflags = $(CFLAGS) $(sanitize) -Wl,--as-needed $(LDFLAGS)
# A tool may want more: libs_flowx = -lx
libs_flowcat = -lfixbuf -lglib-2.0 -lssl
libs_flowdns = -lidn2
libs_flowmatch = -ljansson
libs = -lz -lzstd -lpcre2-8 -lpsl -lrdkafka -lmaxminddb -lcrypto -lm -pthread

tools = flowcat flowfilter flowwin flowagg flowtopn flowdns flowmatch
present = $(foreach t,$(tools),$(if $(wildcard cmd/$t/$t.c),$t))
unit = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
fuzzers = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
replays = $(fuzzers:%=$(B)/tests/fuzz/fuzz_%)
flowgen = $(B)/flowgen
objects = $(patsubst %.c,$(B)/%.o,$(wildcard cmd/*/*.c libcommon/*.c \
	tests/unit/*.c tests/fuzz/*.c bench/*.c))
manuals = $(wildcard man/*.[1-8])

bash_dir = $(PREFIX)/share/bash-completion/completions
zsh_dir = $(PREFIX)/share/zsh/site-functions
fish_dir = $(PREFIX)/share/fish/vendor_completions.d
units_dir = $(PREFIX)/lib/systemd/system
recipes_dir = $(PREFIX)/share/pipe4flow/recipes
recipes = $(wildcard recipes/*)
patterns_dir = $(PREFIX)/share/pipe4flow/patterns
patterns = $(wildcard share/patterns/*)
units = $(wildcard contrib/systemd/*.service contrib/systemd/*.socket)

all: $(present:%=$(B)/%)

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

# ---- building ----

compile = $(CC) $(cppflags) $(cflags)
link = $(CC) $(ldflags) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(libs)

# Other flags than the last time: everything is built anew.
export flags_now = $(compile) $(ldflags) $(libs)
$(B)/flags: FORCE
	@mkdir -p $(B)
	@printf '%s\n' "$$flags_now" | cmp -s - $@ || \
		printf '%s\n' "$$flags_now" > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(compile) -MMD -MP -c -o $@ $<

# The modules that know libfixbuf.
$(B)/cmd/flowcat/registry.o $(B)/cmd/flowcat/templates.o $(B)/cmd/flowcat/columns.o \
$(B)/tests/unit/test_flowmon.o: \
	private cppflags += $(shell pkg-config --cflags libfixbuf)

# The only module that tells the version.
$(B)/libcommon/opts.o: private cppflags += -DVERSION='"$(version)"'
$(B)/libcommon/opts.o: VERSION

# And the one that looks for patterns.
$(B)/cmd/flowmatch/pattern_file.o: \
	private cppflags += -DPATTERNS_DIR='"$(patterns_dir)"'

$(B)/libcommon.a: $(patsubst %.c,$(B)/%.o,$(wildcard libcommon/*.c))
	rm -f $@
	$(AR) rcs $@ $^

define tool_rule
$(B)/$1: $$(patsubst %.c,$$(B)/%.o,$$(wildcard cmd/$1/*.c)) $$(B)/libcommon.a
	$$(link) $$(libs_$1)
endef
$(foreach t,$(present),$(eval $(call tool_rule,$t)))

$(B)/flowgen $(B)/dnsgen $(B)/flowsend $(B)/kafkabench: $(B)/%: $(B)/bench/%.o
	$(link)

# A test of a tool's private modules names their objects here:
# $(B)/tests/unit/test_x: $(B)/cmd/flowx/x.o
$(B)/tests/unit/test_namelist: $(addprefix $(B)/cmd/flowdns/,\
	namelist.o nametable.o)
$(B)/tests/unit/test_namelist: private libs += $(libs_flowdns)
$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(B)/libcommon.a
	$(link)

$(B)/tests/unit/test_flowmon: $(B)/cmd/flowcat/registry.o
$(B)/tests/unit/test_flowmon: private libs += $(libs_flowcat)

# A fuzzer of a tool's private modules: fuzz_x = modules, libs_fuzz_x
fuzz_message = $(addprefix cmd/flowcat/,\
	message exporters counters templates columns registry samplers)
libs_fuzz_message = $(libs_flowcat)
fuzz_convert = $(addprefix cmd/flowcat/,\
	convert conversions mend dialect dialect_programs \
	dialect_ipfix arrays octets rates samplers times)
$(B)/tests/fuzz/fuzz_convert: $(fuzz_convert:%=$(B)/%.o)
fuzz_pattern = $(addprefix cmd/flowmatch/,\
	pattern pattern_vectors loader config distance)
libs_fuzz_pattern = $(libs_flowmatch)
$(B)/tests/fuzz/fuzz_pattern: $(fuzz_pattern:%=$(B)/%.o)
$(B)/tests/fuzz/fuzz_pattern: private libs += $(libs_fuzz_pattern)
$(B)/tests/fuzz/fuzz_message: $(fuzz_message:%=$(B)/%.o)
$(B)/tests/fuzz/fuzz_message: private libs += $(libs_fuzz_message)
fuzz_namelist = $(addprefix cmd/flowdns/,namelist nametable)
fuzz_facts = $(addprefix cmd/flowdns/,\
	answers facts facts_cells lists namelist nametable seen)
libs_fuzz_namelist = $(libs_flowdns)
libs_fuzz_facts = $(libs_flowdns)
$(B)/tests/fuzz/fuzz_namelist: $(fuzz_namelist:%=$(B)/%.o)
$(B)/tests/fuzz/fuzz_facts: $(fuzz_facts:%=$(B)/%.o)
$(B)/tests/fuzz/fuzz_namelist $(B)/tests/fuzz/fuzz_facts: \
	private libs += $(libs_flowdns)

$(replays): $(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o \
		$(B)/tests/fuzz/replay.o $(B)/libcommon.a
	$(link)

-include $(objects:.o=.d)

# ---- testing ----

# Only `make check' and its like install what they need, `make all' never.
run_tests = B='$(abspath $(B))' PATH='$(abspath $(B))':"$$PATH" \
	ASAN_OPTIONS=detect_leaks=0 scripts/tap-total
unit_runs = $(unit) $(foreach f,$(fuzzers),\
	'$(B)/tests/fuzz/fuzz_$f tests/fuzz/seeds/$f/*')
cli_runs = $(if $(wildcard tests/cli/*.bats),'bats --tap tests/cli')
# Not with sanitizers: their timing is that of a real broker.
kafka_runs = $(if $(SAN),,'bats --tap tests/kafka')

deps: ## install the Debian packages that a build needs
	@scripts/deps build

tests: all $(unit) $(replays) $(flowgen) $(B)/dnsgen

check: ## all tests
	@scripts/deps build test
	@$(MAKE) tests
	@$(run_tests) $(unit_runs) $(cli_runs) $(kafka_runs)

check-unit: ## unit tests, and the seeds of the fuzzers
	@scripts/deps build test
	@$(MAKE) tests
	@$(run_tests) $(unit_runs)

check-cli: ## tests of the tools
	@scripts/deps build test
	@$(MAKE) tests
	@$(run_tests) $(cli_runs)

check-kafka: ## tests with a real Kafka broker
	@scripts/deps build test
	@$(MAKE) tests
	@$(run_tests) $(kafka_runs)

check-deb: deb ## the package in a bare system; wants root
	@scripts/deps test
	@$(MAKE) all
	@$(run_tests) 'bats --tap tests/deb'

# Tiny buffers, so that every test goes through every refill.
check-san: ## all tests with sanitizers and 16-byte buffers
	@$(MAKE) check B=$(B)/san SAN=address,undefined \
		CPPFLAGS='-DIN_CAP=16 -DIN_CHUNK=4096 -DOUT_CAP=16 -DAHEAD_CAP=16'

# Many records in a block, which go along a shape together.
check-san-unit: ## unit tests with sanitizers
	@$(MAKE) check-unit B=$(B)/san-unit SAN=address,undefined

$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(wildcard libcommon/*.[ch])
	@mkdir -p $(@D)
	@scripts/deps build fuzz
	clang $(cppflags) -DIN_CAP=512 -DIN_CHUNK=256 -DOUT_CAP=64 $(cflags) \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$(if $(fuzz_$*),$(shell pkg-config --cflags libfixbuf)) \
		-o $@ $< $(fuzz_$*:%=%.c) $(wildcard libcommon/*.c) \
		$(libs) $(libs_fuzz_$*)

fuzz: $(fuzzers:%=$(B)/fuzz/%) ## each fuzzer for FUZZ_SECONDS
	@status=0; for f in $(fuzzers); do \
		mkdir -p $(B)/fuzz/corpus/$$f; \
		ASAN_OPTIONS=detect_leaks=0 $(B)/fuzz/$$f -timeout=10 \
		    -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 \
		    -artifact_prefix=$(B)/fuzz/$$f- \
		    $(B)/fuzz/corpus/$$f tests/fuzz/seeds/$$f || status=1; \
	done; exit $$status

lint: ## format, static checks, layers, lengths, manuals, shell scripts
	@scripts/deps build lint
	@scripts/lint

bench: all $(flowgen) $(B)/flowsend ## measurements
	@B='$(abspath $(B))' bench/run
	@B='$(abspath $(B))' bench/memory
	@B='$(abspath $(B))' bench/collect

bench-collect: all $(B)/flowsend ## rates of collecting, beside nfcapd
	@B='$(abspath $(B))' bench/collect

bench-kafka: all $(flowgen) $(B)/kafkabench ## measurements with a broker
	@B='$(abspath $(B))' bench/kafka

demo: deps ## what the tools do, on a sample
	@$(MAKE) all
	@B='$(abspath $(B))' scripts/demo

# ---- installing ----

# FROM TO: every file of a list to a directory.
put = $(if $1,install -d '$(DESTDIR)$2' && install -m $3 $1 '$(DESTDIR)$2')
section = $(MANDIR)/man$(patsubst .%,%,$(suffix $1))

install: all
	$(call put,$(present:%=$(B)/%),$(BINDIR),755)
	$(foreach m,$(manuals),$(call put,$m,$(call section,$m),644) &&) :
	$(call put,$(wildcard completions/bash/*),$(bash_dir),644)
	$(call put,$(wildcard completions/zsh/_*),$(zsh_dir),644)
	$(call put,$(wildcard completions/fish/*.fish),$(fish_dir),644)
	$(call put,$(units),$(units_dir),644)
	sed -i 's|/usr/share/pipe4flow/recipes|$(recipes_dir)|' \
		$(units:contrib/systemd/%='$(DESTDIR)$(units_dir)/%')
	$(call put,$(filter-out %.sh,$(recipes)),$(recipes_dir),755)
	$(call put,$(filter %.sh,$(recipes)),$(recipes_dir),644)
	$(call put,share/tls-clients.csv,$(recipes_dir)/..,644)
	$(call put,$(patterns),$(patterns_dir),644)

uninstall:
	cd / && rm -f $(tools:%='$(DESTDIR)$(BINDIR)/%') \
		$(foreach m,$(manuals),'$(DESTDIR)$(call section,$m)/$(notdir $m)') \
		$(tools:%='$(DESTDIR)$(bash_dir)/%') \
		$(tools:%='$(DESTDIR)$(zsh_dir)/_%') \
		$(tools:%='$(DESTDIR)$(fish_dir)/%.fish') \
		$(units:contrib/systemd/%='$(DESTDIR)$(units_dir)/%') \
		$(recipes:recipes/%='$(DESTDIR)$(recipes_dir)/%') \
		'$(DESTDIR)$(recipes_dir)/../tls-clients.csv' \
		$(patterns:share/patterns/%='$(DESTDIR)$(patterns_dir)/%')

dist: ## the last commit as a tarball
	@mkdir -p $(B)
	git archive --prefix=pipe4flow-$(version)/ -o \
		$(B)/pipe4flow-$(version).tar.gz HEAD

deb: dist ## a Debian package of the last commit
	@scripts/deps build deb
	@scripts/deb $(B)/pipe4flow-$(version).tar.gz $(B)/deb

clean:
	rm -rf $(B)

FORCE:
.PHONY: all help deps tests check check-unit check-cli check-kafka check-deb \
	check-san check-san-unit fuzz lint bench bench-collect bench-kafka demo install uninstall dist deb clean FORCE
