# Everything here needs Go, make and the module proxy, and nothing else.

PACKAGES = ./...
COUNT = 6

.PHONY: run build test bench picture lint format-check check-and-test

run:
	go run . run

build:
	go build -o dske .

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

check-and-test: lint format-check
	go test -race -coverprofile=coverage.out $(PACKAGES)
	@echo; echo "Statements covered:"
	@go tool cover -func=coverage.out | tail -n 1
