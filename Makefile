# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
VENV   := .venv
BIN    := $(VENV)/bin
BUNDLE := build/bundle
RECIPE := configs/bundles/default.yaml
SHOW   := cpu,dashboard,demo
EXTRAS := $(SHOW),export,train,dev,docs
SHOWN  := $(VENV)/.shown
READY  := $(VENV)/.installed
TORCH  := $(shell sed -n 's/.*"\(torch==[0-9.]*\)".*/\1/p' pyproject.toml | head -n 1)
MERMAID := build/mermaid/package/dist/mermaid.min.js
PIP    := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt

# The first of these that runs and is Python 3.10 or newer; `make PYTHON=/path/to/python` overrides it.
CANDIDATES := python3.11 python3.12 python3.13 python3.14 python3.10 python3
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell \
	$(p) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $(p))))

.PHONY: help demo test check messages bundle cab pictures release setup soak proof-kills proof-mutants proof-mmsa proof-chaos proof-commands proof-guides proof-systemd proof-gpu proof-gpu-pack bench test-aarch64 docs clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(READY) ## make the environment in .venv

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "EMVAS Edge needs Python 3.10 or newer with venv; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SHOWN): pyproject.toml constraints.txt | $(BIN)/python
	@echo "1 of 2: packages for the demo into $(VENV): a minute, 0.6 GB"
	@$(PIP) --editable '.[$(SHOW)]'
	@touch $@

$(READY): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Packages for export, training and tests into $(VENV): two to five minutes, 2.3 GB"
	@$(PIP) --upgrade pip
	@$(PIP) --no-deps '$(TORCH)+cpu' 2>/dev/null || echo "No torch for the CPU alone in your package index: the one it has brings CUDA, 4 GB more (docs/install.md)"
	@$(PIP) --editable '.[$(EXTRAS)]'
	@touch $(SHOWN) $@

bundle: $(BUNDLE)/bundle.yaml ## fetch the weights and build the default bundle

$(BUNDLE)/bundle.yaml: $(READY) $(RECIPE)
	$(BIN)/emvas bundle build $(RECIPE) --out $(BUNDLE)

cab: $(READY) ## build the bundle that the package carries anew
	$(BIN)/emvas bundle build $(RECIPE) --part cab --out edge/shipped/cab

demo: $(SHOWN) $(if $(WORDS),$(BUNDLE)/bundle.yaml) ## run the whole appliance on a made-up drive; CLIP=my.mp4, CAMERA=0, or WORDS=1 (builds the whole bundle first)
	@echo "2 of 2: the demo, a minute and a half"
	@$(BIN)/emvas demo --out build/demo $(if $(WORDS),--bundle $(BUNDLE)) $(if $(CLIP),--clip '$(CLIP)') $(if $(CAMERA),--camera $(CAMERA))

check: $(READY) ## lint, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

messages: $(READY) ## compile the texts of edge/i18n/locale after a change
	$(BIN)/pybabel compile --directory edge/i18n/locale --domain emvas

test: $(READY) ## check, build the bundle meanwhile, run every test
	@$(MAKE) --no-print-directory --jobs=2 check $(BUNDLE)/bundle.yaml
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

pictures: $(READY) ## take the pictures of README.md anew; needs chromium
	EMVAS_PICTURES=docs/pictures $(BIN)/python -m pytest tests/dashboard/test_pictures.py

release: $(BUNDLE)/bundle.yaml ## wheel, signed bundles as tars and all hashes in build/release; KEY=signer.pem
	@test -f "$(KEY)" || { echo "who signs the bundles? make release KEY=signer.pem (docs/install.md, Signed bundles)" >&2; exit 1; }
	rm -rf build/release && mkdir -p build/release/.signed
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/release .
	cp -rl $(BUNDLE) build/release/.signed/emvas-default
	cp -r edge/shipped/cab build/release/.signed/emvas-cab
	set -e; for name in emvas-cab emvas-default; do \
		$(BIN)/emvas bundle sign build/release/.signed/$$name --key '$(KEY)'; \
		tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C build/release/.signed/$$name -cf build/release/$$name.tar .; \
	done
	rm -r build/release/.signed
	cd build/release && sha256sum * | tee SHA256SUMS

proof-mutants: $(READY) ## break a line at a time in the hot rooms and count what the tests notice, hours; SAMPLE=100 ROOM=edge/alerts
	$(BIN)/python -m pip install -q --target build/cosmic-ray cosmic-ray coverage
	PYTHONPATH=build/cosmic-ray $(BIN)/python -m benchmarks.structure.mutants $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(ROOM),--room $(ROOM))

soak: $(BUNDLE)/bundle.yaml ## run the box for hours while its world breaks; HOURS=2 FPS=10
	$(BIN)/python -m benchmarks.endurance.soak --bundle $(BUNDLE) $(if $(HOURS),--hours $(HOURS)) $(if $(FPS),--fps $(FPS))

proof-mmsa: $(READY) ## install MMSA beside the environment and compare its own models with ours, 2 min
	$(BIN)/python -m pip install -q --no-deps --target build/mmsa MMSA==2.2.1 easydict pandas python-dateutil pytz six nvidia-ml-py3
	$(BIN)/python -m benchmarks.fusion.mmsa_parity

proof-kills: $(READY) ## kill boxes and brokers at random and count the alerts, 15 min
	$(BIN)/python -m benchmarks.delivery.kills --json docs/evidence/kills.json --page docs/evidence/kills.md

proof-chaos: $(BUNDLE)/bundle.yaml ## as root: a sleeper before a live box while camera, disk, clock, sound, speed and broker fail, 12 min
	$(BIN)/python -m benchmarks.endurance.chaos

proof-commands: $(READY) ## 10,000 generated orders and configurations: errors, never a crash, never less safety
	EMVAS_EXAMPLES=10000 $(BIN)/python -m pytest tests/publish/commands/test_command_receiver.py --timeout=3600

proof-guides: $(BUNDLE)/bundle.yaml ## follow every guide as written, its long commands too, 15 min; lists what is not run
	EMVAS_GUIDES=long $(BIN)/python -m pytest tests/docs/test_docs_guides.py --timeout=3600 -rP

proof-systemd: $(BUNDLE)/bundle.yaml ## as root: install the box in a container that boots with systemd, break and mend it
	$(BIN)/python -m benchmarks.install.systemd --bundle $(BUNDLE)

proof-gpu: $(BUNDLE)/bundle.yaml ## on a machine with an NVIDIA GPU, 8 min: CUDA, TensorRT, training; DRY=1 runs it on the CPU
	$(BIN)/python -m benchmarks.gpu --bundle $(BUNDLE) --out build/gpu $(if $(DRY),--dry)

proof-gpu-pack: $(BUNDLE)/bundle.yaml ## what proof-gpu needs on a machine without a network, in pieces of 60 MB
	$(BIN)/python -m benchmarks.gpu.pack --bundle $(BUNDLE) --out build/gpu-pack

proof-attacks: $(BUNDLE)/bundle.yaml ## attack the box on this machine and look at every command with strace, 20 min; needs strace
	$(BIN)/python -m benchmarks.security.attacks --bundle $(BUNDLE)

bench: $(BUNDLE)/bundle.yaml ## measure speed beside the peers into docs/performance.md; QUICK=1 for minutes
	$(BIN)/python -m benchmarks.speed.performance --bundle $(BUNDLE) $(if $(QUICK),--quick)

test-aarch64: $(BUNDLE)/bundle.yaml ## run the box on an emulated 64-bit ARM; needs qemu-user-static, debootstrap, root
	$(BIN)/python -m benchmarks.install.aarch64 --bundle $(BUNDLE)

$(MERMAID):
	@mkdir -p build/mermaid
	@cd build/mermaid && npm pack --silent mermaid@11.17.2 >/dev/null 2>&1 && tar -xzf mermaid-*.tgz package/dist/mermaid.min.js \
		|| echo "No npm here: the pictures of the architecture page are shown as text"

docs: $(READY) $(MERMAID) ## write the reference pages and build the documentation into build/site
	$(BIN)/python -m docs.reference
	$(BIN)/mkdocs build --strict

clean: ## remove the environment and everything built
	rm -rf $(VENV) build
