# Everything here needs Go, make and the module proxy, and nothing else.

PACKAGES = ./...
COUNT = 6

.PHONY: run build dist test bench picture lint format-check check-and-test

run:
	go run . run

build:
	go build -o dske .

# Static binaries for every platform, with checksums. The same source and Go make the same bytes.
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

dist:
	rm -rf dist && mkdir dist
	@for p in $(PLATFORMS); do \
	  os=$${p%/*} arch=$${p#*/}; name=dske-$$os-$$arch; [ $$os != windows ] || name=$$name.exe; \
	  echo dist/$$name; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags "-s -w -buildid=" -o dist/$$name . || exit 1; \
	done
	cd dist && sha256sum dske-* > SHA256SUMS

test:
	go test -race $(PACKAGES)

# For benchstat: make bench > new.txt, and compare with what it printed before a change.
bench:
	@go test -run '^$$' -bench . -benchmem -count $(COUNT) ./psrd ./protocol/... ./sim ./sim/wire

# The picture of the README: the page of a running network, in Chromium.
picture:
	go test -count 1 -run TestPicture ./sim/dashboard -picture dashboard.png

lint:
	go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)

format-check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go mod tidy -diff

# What is arithmetic takes ten times as long under the race detector: without it there are the rest of
# the tests of these, and all the steps of their games.
PLAIN = ./protocol/... ./node/client/association ./sim/experiment

# As lint and test, but staticcheck reads what the tests compile anyway, and vet goes with them. There
# is one package more at once than processors, as tests wait at times.
check-and-test: format-check
	GOFLAGS="$(shell go env GOFLAGS) -race" $(shell go tool -n staticcheck) $(PACKAGES)
	go test -race -vet=all -p $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) -coverprofile=coverage.out $(PACKAGES)
	go test -vet=all $(PLAIN)
	go test ./sim/hunt -run TestHunt -args -seeds 600
	@echo; echo "Statements covered:"
	@go tool cover -func=coverage.out | tail -n 1
