# Targets for people; .ci/run is what CI runs.

GO       ?= go
FUZZTIME ?= 30s

# A linter must be built with a toolchain as new as the code, so that it is
# installed and not looked for on the system.
GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(CURDIR)/bin/golangci-lint-$(GOLANGCI_VERSION)

.PHONY: build test race vulncheck golden demo bench benchmarks lint lint-oracle mutation conformance fuzz clean

build:
	$(GO) build -trimpath -o bin/portolan ./cmd/portolan

test:
	$(GO) vet ./...
	$(GO) test ./...

# What runs side by side, with the race detector, which needs a C compiler: the
# packages that start goroutines, and the goldens, which are rendered in parallel.
race:
	$(GO) test -race -short ./backends/manifest ./cmd/... ./frontends/intent ./frontends/istio ./golden

# Known vulnerabilities in what the binary uses; asks https://vuln.go.dev.
vulncheck:
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.8.0 ./...

# Regenerates expected output and generated docs, and removes stale files.
golden:
	$(GO) test ./golden -run 'TestGolden|TestDocs' -count=1 -update

demo: build
	@for target in kubernetes calico cilium istio; do \
	  printf '\n\033[1m── examples/three-tier for %s\033[0m\n\n' $$target; \
	  bin/portolan render examples/three-tier --to $$target || [ $$? -eq 1 ] || exit 1; \
	done

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# The table of docs/benchmarks.md, on one processor of this machine.
benchmarks:
	$(GO) test -run '^$$' -bench . -cpu 1 ./golden | awk -f .ci/benchmarks.awk > docs/benchmarks.md

lint: $(GOLANGCI)
	$(GOLANGCI) run --allow-parallel-runners ./...

# The engines are compiled first where no build cache has them.
lint-oracle: $(GOLANGCI)
	cd golden/oracle && $(GOLANGCI) run --allow-parallel-runners --timeout 40m ./...
	cd golden/oracle/felix && CGO_ENABLED=0 $(GOLANGCI) run --allow-parallel-runners --timeout 40m ./...

$(GOLANGCI):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/golangci-lint $@

# The API server that `make conformance` sends manifests to. It takes minutes to
# build without a build cache, and stays where it is.
bin/apiserver: golden/oracle/go.mod $(wildcard golden/oracle/apiserver/*.go)
	cd golden/oracle && version=$$($(GO) list -m -f '{{.Version}}' k8s.io/kubernetes) && \
	  $(GO) build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$version" -o ../../$@ ./apiserver

# Felix's own code, which needs older versions of what the rest needs.
bin/felix: $(wildcard golden/oracle/felix/*.go golden/oracle/felix/go.*)
	cd golden/oracle/felix && CGO_ENABLED=0 $(GO) build -ldflags "-s -w" -o ../../../$@ .

# Portolan against the code of the engines, and the scores in docs/conformance.md.
# Without a build cache it compiles them all first. The same seed draws the same
# programs; others are worth a try.
PROGRAMS ?= 5000
SEED     ?= 1
conformance: export PORTOLAN_APISERVER = $(CURDIR)/bin/apiserver
conformance: export PORTOLAN_FELIX     = $(CURDIR)/bin/felix
conformance: bin/apiserver bin/felix
	cd golden/oracle/felix && CGO_ENABLED=0 $(GO) vet ./... && CGO_ENABLED=0 $(GO) test ./...
	cd golden/oracle && $(GO) vet ./... && $(GO) test . ./apiserver/... ./boundary ./schemas ./istio/*/
	cd golden/oracle && $(GO) test ./random ./kubernetes ./calico ./cilium ./istio -rapid.seed=$(SEED)
	cd golden/oracle && $(GO) test ./conformance -count=1 -timeout 6h -programs $(PROGRAMS) -rapid.seed=$(SEED) -update

# The proof against every small change of every golden manifest: the score. A
# sample of it is among the tests.
mutation:
	$(GO) test ./golden -run TestMutants -count=1 -v -timeout 60m -mutants all

# Each fuzz test for a while. go test takes one at a time.
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; \
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$pkg || exit 1; \
	  done; \
	done

clean:
	rm -rf bin
