.PHONY: demo test

# Starts the demo on http://127.0.0.1:8080, on a machine with Swift and nothing else.
demo:
	scripts/demo

# Everything that has to hold before a change goes in. Parts of it: scripts/check --list
test:
	scripts/check
