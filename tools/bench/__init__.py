"""The benchmark: `make bench` starts the site and a bare Django, and loads both.

docs/performance.md says what each line means. The modules, from the bottom up:

- `stats`, `cpu`, `guard`: arithmetic, CPU time from /proc, and safety checks
- `database`, `seed`, `servers`: the processes under test, and their rows
- `sink`, `http`, `driver`: separate processes that load the site
- `wrk`: single pages with wrk
- `pages`, `signing`, `together`, `growth`, `soak`: the measurements
- `report`, `command`: the tables, the JSON, and the command line
"""
