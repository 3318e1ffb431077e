"""The benchmark: `make bench` puts load on the site and a bare Django.

docs/performance.md says what each line means. The modules, from the bottom up:

- `stats`, `cpu`, `guard`: arithmetic, CPU time from /proc, and safety checks
- `database`, `people`, `seed`, `servers`: the processes under test, and their rows
- `sink`, `http`, `driver`: the mail server, and the process that puts load on the site
- `rig`, `drive`: all processes of a measurement, and their CPU time
- `wrk`: single pages with wrk
- `pages`, `signing`, `together`, `growth`, `soak`: the measurements
- `report`, `command`: the tables, the JSON, and the command line
"""
