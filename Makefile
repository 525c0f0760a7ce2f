# Commands of the project; README.md says what each is for.
.PHONY: build up down status logs clean demo bench sim exhaustive test lint gen test-containers node-and-npm sim-nightly chaos mutants fuzz-expressions bench-expressions conformance conformance-build

# Folder of the cluster: data, logs, settings. Another folder and another PORT make a second cluster.
DIR ?= .stator
STATOR = node dist/services/ctl/main.js
# Little of what a simulated cluster makes lives long: a large young generation spares a tenth of the processor time.
SIM_HEAP = --max-semi-space-size=128

build: node_modules/.package-lock.json
	@node_modules/.bin/tsc -p tsconfig.json

# Not `npm ci`: it refuses a lock file that does not name the packages of every other platform.
node_modules/.package-lock.json: package.json package-lock.json | node-and-npm
	npm install --no-save
	@touch node_modules/.package-lock.json

node-and-npm:
	@for tool in node npm; do command -v $$tool >/dev/null 2>&1 || { \
	  echo "$$tool is missing: install Node.js 20.19 or newer, which brings npm, and run this again." >&2; exit 1; }; done
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' \
	  || { echo "Node.js $$(node --version) is too old: install 20.19 or newer." >&2; exit 1; }

# Settings travel by environment, so that no secret stands on a command line.
up down status logs clean demo: export STATOR_DIR = $(DIR)
up demo: export STATOR_PORT = $(PORT)
up demo: export STATOR_REGION = $(REGION)
up demo: export STATOR_ACCOUNT = $(ACCOUNT)
up demo: export STATOR_ACCESS_KEY_ID = $(ACCESS_KEY_ID)
up demo: export STATOR_SECRET_ACCESS_KEY = $(SECRET_ACCESS_KEY)

# Starts the cluster on this machine, or what is missing of it: make up [PORT= REGION= ACCOUNT= ACCESS_KEY_ID= SECRET_ACCESS_KEY= DIR=]
up: build
	@$(STATOR) dev

down: build
	@$(STATOR) down

status: build
	@$(STATOR) status

# make logs [FOLLOW=1]
logs: build
	@$(STATOR) logs $(if $(FOLLOW),--follow)

# Removes the cluster with its data, and what was built.
clean:
	@if [ -f dist/services/ctl/main.js ]; then $(STATOR) clean; fi
	@rm -rf dist

# Loads the world's cities while a node is killed: make demo [CITIES=n]
demo: up
	@node dist/test/demo/main.js --dir "$$STATOR_DIR" $(if $(CITIES),--cities $(CITIES))

# Measures against dynalite: make bench [ONLY=stator,dynalite-disk,dynalite-memory OPS=put,query SECONDS=5 CONNECTIONS=64 ITEMS=10000]
bench: build
	@node dist/test/bench/main.js $(if $(ONLY),--only $(ONLY)) $(if $(OPS),--ops $(OPS)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CONNECTIONS),--connections $(CONNECTIONS)) $(if $(ITEMS),--items $(ITEMS))

# What expressions and bodies made to be slow cost, against JSON.parse in the same run.
bench-expressions: build
	@node --expose-gc dist/test/bench/expressions.js

# Whole clusters under simulated time and faults: make sim [SEED=1 RUNS=20 SPEC=everything SECONDS=60 TRACE=1]
# Without SPEC all specs in turn but the long one, no-control-plane (half an hour of simulated time), which runs by its name, once in make test,
# and in make sim-nightly.
sim: export SEED := $(SEED)
sim: export RUNS := $(RUNS)
sim: export SPEC := $(SPEC)
sim: export SECONDS := $(SECONDS)
sim: export TRACE := $(TRACE)
sim: build
	@node $(SIM_HEAP) dist/test/sim/main.js

# All orders of everything that can happen to three replicas, within bounds: make exhaustive [SPEC=crash STATES=1000000]
exhaustive: export SPEC := $(SPEC)
exhaustive: export STATES := $(STATES)
exhaustive: build
	@node --max-old-space-size=8192 dist/test/exhaustive/main.js

# Many more seeds than anyone waits for, with a line for every hundred: make sim-nightly [RUNS=10000 SEED=1 JOBS=processors]
# Each long spec runs once for every thousand seeds, too. Failures are shrunk and written to test/sim/regressions/.
sim-nightly: export RUNS := $(or $(RUNS),10000)
sim-nightly: export SEED := $(SEED)
sim-nightly: export JOBS := $(JOBS)
sim-nightly: build
	@node $(SIM_HEAP) dist/test/sim/nightly.js

# Expressions of a grammar, against an independent reference: make fuzz-expressions [CASES=10000 SEED=1]; 100000 cases are for the night.
fuzz-expressions: export CASES := $(CASES)
fuzz-expressions: export SEED := $(SEED)
fuzz-expressions: build
	@node dist/test/expressions/main.js

# Real processes under faults: make chaos [FAULT=kill-leader,cut-one-way RUNS=1 SECONDS=8 FIRST=1 KILLS=100]; test/chaos/README.md names the faults.
chaos: export FAULT := $(FAULT)
chaos: export RUNS := $(RUNS)
chaos: export SECONDS := $(SECONDS)
chaos: export FIRST := $(FIRST)
chaos: export KILLS := $(KILLS)
chaos: export DIR := $(DIR)
chaos: build
	@node dist/test/chaos/main.js

# Mistakes in the protocol and in what expressions mean that the tests must notice: make mutants [ONLY=names,with,commas SEEDS=at most so many]
mutants: export ONLY := $(ONLY)
mutants: export SEEDS := $(SEEDS)
mutants: build
	@node dist/test/mutants/main.js

# Real clients have packages of their own, which `make up` does not need. What is compiled finds them by a link beside it.
CONFORMANCE = test/conformance

$(CONFORMANCE)/node_modules/.package-lock.json: $(CONFORMANCE)/package.json $(CONFORMANCE)/package-lock.json | node-and-npm
	cd $(CONFORMANCE) && npm install --no-save
	@touch $@

conformance-build: build $(CONFORMANCE)/node_modules/.package-lock.json
	@node_modules/.bin/tsc -p $(CONFORMANCE)/tsconfig.json
	@ln -sfn ../../../$(CONFORMANCE)/node_modules dist/$(CONFORMANCE)/node_modules

# Other people's clients against a cluster: make conformance [ONLY=dynamoose,electrodb]
comma = ,
CLIENTS = $(if $(ONLY),$(patsubst %,clients/%,$(subst $(comma), ,$(ONLY))),clients.test)
conformance: conformance-build
	@node --test --test-timeout=900000 $(patsubst %,dist/$(CONFORMANCE)/%.js,$(CLIENTS))

# Node runs every file of a folder that is named test, so its folders are named one by one; those that need more than Node are left out.
TEST_FOLDERS = dist/services $(filter-out %/containers, \
  $(addprefix dist/,$(shell find test -name node_modules -prune -o -name '*.test.ts' -print | cut -d/ -f1-2 | sort -u)))

# A test that hangs fails by its name, after far more time than any of them takes.
test: lint
	@node --test --test-timeout=900000 $(TEST_FOLDERS)

# Golden scenarios; make golden REWRITE=1 writes their outputs anew, and the difference is to be reviewed.
golden: build
	@REWRITE=$(REWRITE) node --test dist/test/golden

# Formatting and rules of the sources, direction of imports, generated files, numbers that must never change.
lint: conformance-build
	@node_modules/.bin/biome ci --error-on-warnings .
	@node_modules/.bin/depcruise services test dist/services dist/test --config .dependency-cruiser.cjs
	@node dist/test/lint/generate-wire-tags.js --check
	@node dist/test/lint/fixed-numbers.js --check

# Writes what is generated from proto/, and lists new numbers.
gen: build
	@node dist/test/lint/generate-wire-tags.js
	@node_modules/.bin/tsc -p tsconfig.json
	@node dist/test/lint/fixed-numbers.js

# Needs a container engine with Compose 2. The test removes what it makes, so testcontainers need not bring its own remover.
test-containers: build
	@TESTCONTAINERS_RYUK_DISABLED=true node --test dist/test/containers
