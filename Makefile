# Commands of the project; README.md says what each is for.
.PHONY: build
build: node_modules/.package-lock.json
	npx --no-install tsc -p tsconfig.json

node_modules/.package-lock.json: package.json package-lock.json
	npm ci
	touch node_modules/.package-lock.json
